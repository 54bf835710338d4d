using System.Text;
using AiPlatform.Client;
using AiPlatform.Tests.EndToEnd;
using AiPlatform.Tests.EndToEnd.Chat;
using Microsoft.Extensions.AI;
using Xunit;

namespace AiPlatform.Tests.Client;

/// <summary>A durable chat survives the death of the Gateway and of the worker.</summary>
public sealed class ClientRecoveryTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task DurableStream_GatewayAndWorkerKilled_IsReadToItsEndWithoutAGap()
    {
        await using var platform = await Platform.StartAsync(ChatPlatform.Settings);
        using var client = new AiPlatformClient(new AiPlatformClientOptions
        {
            Endpoint = platform.Gateway.Address,
            Model = ChatPlatform.Model,
            MaxRetries = 20,
            MaxRetryDelay = TimeSpan.FromSeconds(1),
        });
        var options = new ChatOptions { Temperature = 0, MaxOutputTokens = 200, AdditionalProperties = new() { ["ignore_eos"] = true } };
        var text = new StringBuilder();
        var updates = 0;

        await foreach (var update in client.GetDurableChatClient().GetStreamingResponseAsync(
            "Tell me a long story about a ship.", options, Ct))
        {
            text.Append(update.Text);
            updates++;
            if (updates == 20) await platform.KillAndStartGatewayAsync();
            if (updates != 40) continue;
            await platform.Worker.KillAsync();
            platform.StartWorker();
        }

        Assert.True(updates > 40, $"There were {updates} updates.");
        // The worker that went on may choose another word than the first one where two are equally likely. The job has what was said.
        var listed = await client.Jobs.ListAsync(cancellationToken: Ct).FirstAsync(Ct);
        var job = await client.Jobs.GetAsync(listed.Id, Ct);
        var answer = job.GetOutput().GetProperty("choices")[0].GetProperty("message").GetProperty("content").GetString();
        Assert.Equal(2, job.Attempts);
        Assert.Equal(answer, text.ToString());
    }
}
