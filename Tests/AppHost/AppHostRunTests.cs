using System.Net;
using System.Net.Http.Json;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using AiPlatform.Tests.EndToEnd.Chat;
using AiPlatform.Tests.Fixtures;
using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;
using Aspire.Hosting.Testing;
using Xunit;

namespace AiPlatform.Tests.AppHost;

/// <summary>The system as Aspire's orchestrator starts it, with a Redis that runs already, so no container engine is needed.</summary>
public sealed class AppHostRunTests(RedisServer redis) : IClassFixture<RedisServer>
{
    private const string Model = "all-minilm-l6-v2";
    private const string Key = "an-operators-key";

    private static readonly TimeSpan Bound = TimeSpan.FromMinutes(3);

    [Fact]
    public async Task Start_WithARedis_ServesAndObeysCommands()
    {
        var cancellation = TestContext.Current.CancellationToken;
        await using var builder = await DistributedApplicationTestingBuilder.CreateAsync<Projects.AppHost>(
            [
                $"--ConnectionStrings:redis={redis.ConnectionString}", "--Inference:Replicas=2", "--Logging:LogLevel:Default=Warning",
                $"--ApiKeys:ops:Sha256={Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(Key)))}", "--ApiKeys:ops:Role=operator",
                $"--Gateway:OperatorKey={Key}",
            ],
            cancellation);
        await using var application = await builder.BuildAsync(cancellation).WaitAsync(Bound, cancellation);
        await application.StartAsync(cancellation).WaitAsync(Bound, cancellation);

        await application.ResourceNotifications.WaitForResourceHealthyAsync("gateway", cancellation).WaitAsync(Bound, cancellation);
        using var http = application.CreateHttpClient("gateway", "http");
        http.DefaultRequestHeaders.Authorization = new("Bearer", Key);
        using var reply = await http.PostAsJsonAsync("/v1/embeddings", new { model = Model, input = "Hello, world" }, cancellation);
        Assert.Equal(HttpStatusCode.OK, reply.StatusCode);
        Assert.Equal(
            384, (await reply.Content.ReadFromJsonAsync<JsonElement>(cancellation))
                .GetProperty("data")[0].GetProperty("embedding").GetArrayLength());

        Assert.Contains("succeeded", (await CommandAsync(application, "sample-job")).Message, StringComparison.Ordinal);
        await Poll.UntilAsync(async () => (await QueuesAsync(http)).GetArrayLength() == 2, "both models have queues");
        Assert.Equal($"{Model}, {ChatPlatform.Model}", (await CommandAsync(application, "pause")).Message);
        Assert.True((await QueueAsync(http)).GetProperty("paused").GetBoolean());
        await CommandAsync(application, "resume", Model);
        Assert.False((await QueueAsync(http)).GetProperty("paused").GetBoolean());
        Assert.Contains("\"requeued\": 0", (await CommandAsync(application, "requeue-dead")).Data?.Value, StringComparison.Ordinal);
        await Poll.UntilAsync(async () => (await QueueAsync(http)).GetProperty("workers").GetInt32() == 2, "both workers serve");

        var refused = await application.ResourceCommands.ExecuteCommandAsync("gateway", "pause", Queue("nobodys"), cancellation);
        Assert.False(refused.Success);
        Assert.Contains("404", refused.Message, StringComparison.Ordinal);
    }

    private static async Task<ExecuteCommandResult> CommandAsync(DistributedApplication application, string command, string? queue = null)
    {
        var result = await application.ResourceCommands.ExecuteCommandAsync(
            "gateway", command, Queue(queue), TestContext.Current.CancellationToken);
        Assert.True(result.Success, result.Message);
        return result;
    }

    private static InteractionInputCollection Queue(string? name) =>
        new([new InteractionInput { Name = "queue", InputType = InputType.Text, Value = name }]);

    private static async Task<JsonElement> QueueAsync(HttpClient http) => (await QueuesAsync(http))[0];

    private static async Task<JsonElement> QueuesAsync(HttpClient http) =>
        (await http.GetFromJsonAsync<JsonElement>("/v1/queues", TestContext.Current.CancellationToken)).GetProperty("data");
}
