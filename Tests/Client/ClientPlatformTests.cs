using System.ComponentModel.DataAnnotations;
using System.Text.Json;
using AiPlatform.Client;
using AiPlatform.Client.Chat;
using AiPlatform.Client.Jobs;
using AiPlatform.Tests.EndToEnd;
using AiPlatform.Tests.EndToEnd.Chat;
using Microsoft.Extensions.AI;
using Xunit;

namespace AiPlatform.Tests.Client;

/// <summary>The client against real processes, with the shipped models.</summary>
public sealed class ClientPlatformTests(BothModels both) : IClassFixture<BothModels>
{
    private static readonly ChatOptions Short = new() { Temperature = 0, MaxOutputTokens = 12 };

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private AiPlatformClient Sut { get; } = new(new AiPlatformClientOptions
    {
        Endpoint = both.Platform.Gateway.Address,
        Model = ChatPlatform.Model,
    });

    [Fact]
    public async Task Chat_AsACallAsAStreamAndAsAJob_SaysTheSame()
    {
        var whole = await Sut.GetChatClient().GetResponseAsync("What is the capital of France?", Short, Ct);
        var streamed = await Sut.GetChatClient().GetStreamingResponseAsync("What is the capital of France?", Short, Ct)
            .ToChatResponseAsync(Ct);
        var job = await Sut.GetDurableChatClient().GetResponseAsync("What is the capital of France?", Short, Ct);
        var streamedJob = await Sut.GetDurableChatClient().GetStreamingResponseAsync("What is the capital of France?", Short, Ct)
            .ToChatResponseAsync(Ct);

        Assert.NotEmpty(whole.Text);
        Assert.Equal([whole.Text, whole.Text, whole.Text], [streamed.Text, job.Text, streamedJob.Text]);
        Assert.Equal(12, job.Usage!.OutputTokenCount);
        Assert.Equal(ChatFinishReason.Length, streamedJob.FinishReason);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Chat_TypedAnswerWithMaxLength_EndsWithinIt(bool isDurable)
    {
        var sut = isDurable ? Sut.GetDurableChatClient() : Sut.GetChatClient();
        var options = new ChatOptions { Temperature = 0, MaxOutputTokens = 96 };

        var answer = await sut.GetResponseAsync<Poem>("Write a long poem about the sea.", options, cancellationToken: Ct);

        Assert.Equal(ChatFinishReason.Stop, answer.FinishReason);
        Assert.InRange(answer.Result.Text.Length, 1, 40);
    }

    [Fact]
    public async Task DurableChat_SameJobKey_IsOneJobAlsoForANewClient()
    {
        var options = new ChatOptions { Temperature = 1, MaxOutputTokens = 12 }.WithJobKey($"chat-{Guid.NewGuid():N}").WithLane("batch");
        var first = await Sut.GetDurableChatClient().GetResponseAsync("Tell me a story.", options, Ct);
        using var restarted = new AiPlatformClient(new AiPlatformClientOptions { Endpoint = both.Platform.Gateway.Address });

        var second = await restarted.GetDurableChatClient(ChatPlatform.Model).GetResponseAsync("Tell me a story.", options, Ct);

        Assert.Equal((first.Text, first.ResponseId), (second.Text, second.ResponseId));
    }

    [Fact]
    public async Task DurableChat_RefusedRequest_IsTheSdksError()
    {
        var error = await Assert.ThrowsAsync<System.ClientModel.ClientResultException>(
            () => Sut.GetDurableChatClient("no-such-model").GetResponseAsync("Hello", cancellationToken: Ct));

        Assert.Equal(404, error.Status);
        Assert.Contains("no-such-model", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task DurableChat_ReaderLeavesTheStream_CancelsTheJob()
    {
        var options = new ChatOptions { MaxOutputTokens = 2_000, AdditionalProperties = new() { ["ignore_eos"] = true } };
        await foreach (var update in Sut.GetDurableChatClient().GetStreamingResponseAsync("Tell me a long story.", options, Ct))
            if (update.Text.Length > 0) break;

        var job = await Sut.Jobs.ListAsync(model: ChatPlatform.Model, cancellationToken: Ct).FirstAsync(Ct);
        Assert.Equal("canceled", (await Sut.Jobs.WaitAsync(job.Id, Ct)).Status);
    }

    [Fact]
    public async Task Embeddings_OfTexts_HaveTheModelsLengthOrTheOneAskedFor()
    {
        var whole = await Sut.GetEmbeddingGenerator(Platform.Model).GenerateAsync(["a", "b"], cancellationToken: Ct);
        var cut = await Sut.GetEmbeddingGenerator(Platform.Model, dimensions: 64).GenerateAsync(["a"], cancellationToken: Ct);

        Assert.Equal([384, 384, 64], [.. whole.Select(one => one.Vector.Length), cut[0].Vector.Length]);
    }

    [Fact]
    public async Task Jobs_SubmitWaitFollowAndList_ShowTheSameJob()
    {
        var metadata = new Dictionary<string, string> { ["order"] = "4711" };
        var submitted = await Sut.Jobs.SubmitAsync(Embedding("a text") with { Metadata = metadata, Deadline = TimeSpan.FromHours(1) }, Ct);

        var ended = await Sut.Jobs.WaitAsync(submitted.Id, Ct);
        var events = await Sut.Jobs.EventsAsync(submitted.Id, cancellationToken: Ct).ToListAsync(Ct);
        var listed = await Sut.Jobs.ListAsync("succeeded", Platform.Model, Ct).FirstAsync(job => job.Id == submitted.Id, Ct);

        Assert.Equal(384, ended.GetOutput().GetProperty("data")[0].GetProperty("embedding").GetArrayLength());
        Assert.Equal(("4711", TimeSpan.FromHours(1)), (ended.Metadata!["order"], Rounded(ended.Deadline - ended.CreatedAt)));
        Assert.Equal(
            ["queued", "running", "succeeded"],
            events.Where(one => one.Kind == "status").Select(one => one.Data.GetProperty("status").GetString()));
        Assert.Equal("done", events[^1].Kind);
        Assert.Equal("succeeded", events[^1].Job!.Status);
        Assert.Equal(metadata, listed.Metadata);
    }

    [Fact]
    public async Task Jobs_CanceledOne_HasNoOutputAndRunsAgain()
    {
        var body = JsonSerializer.SerializeToElement(
            new { model = ChatPlatform.Model, messages = new[] { new { role = "user", content = "A long story." } }, max_tokens = 3_000 });
        var job = await Sut.Jobs.SubmitAsync(new JobRequest { Endpoint = "/v1/chat/completions", Body = body }, Ct);

        await Sut.Jobs.CancelAsync(job.Id, Ct);
        var canceled = await Sut.Jobs.WaitAsync(job.Id, Ct);
        var again = await Sut.Jobs.RetryAsync(job.Id, Ct);
        await Sut.Jobs.CancelAsync(job.Id, Ct);

        var error = Assert.Throws<AiPlatformException>(() => canceled.GetOutput());
        Assert.Equal((job.Id, "canceled"), (error.JobId, canceled.Status));
        Assert.False(again.HasEnded);
    }

    [Fact]
    public async Task Jobs_NoSuchJob_IsAnErrorWithItsCode()
    {
        var error = await Assert.ThrowsAsync<AiPlatformException>(() => Sut.Jobs.GetAsync($"job_{new string('0', 26)}.m", Ct));

        Assert.Equal("job_not_found", error.Code);
    }

    private sealed record Poem([property: MaxLength(40)] string Text);

    private static JobRequest Embedding(string text) => new()
    {
        Endpoint = "/v1/embeddings",
        Body = JsonSerializer.SerializeToElement(new { model = Platform.Model, input = text }),
    };

    private static TimeSpan Rounded(TimeSpan time) => TimeSpan.FromSeconds(Math.Round(time.TotalSeconds));
}
