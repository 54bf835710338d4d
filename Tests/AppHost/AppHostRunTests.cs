using System.Net;
using System.Net.Http.Json;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using AiPlatform.Tests.EndToEnd.Chat;
using AiPlatform.Tests.Fixtures;
using AiPlatform.Tests.InferenceWorker.Fixtures;
using Xunit;

namespace AiPlatform.Tests.AppHost;

/// <summary>The system as Aspire's orchestrator starts it, with a Redis that runs already, so no container engine is needed.</summary>
public sealed class AppHostRunTests(RedisServer redis) : IClassFixture<RedisServer>
{
    private const string Model = "all-minilm-l6-v2";
    private const string Key = "an-operators-key";

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Start_ProfileHttpsWithoutACertificate_SaysWhatMakesOne()
    {
        using var home = new TemporaryFolder();

        var (exitCode, errors) = await AppHostProcess.RunWithTlsAsync(
            home.Path, $"--ConnectionStrings:redis={redis.ConnectionString}", $"--AI_DATA_DIR={home.Path}/data");

        Assert.Equal(1, exitCode);
        Assert.Equal(
            "error: The profile https needs a developer certificate, and there is none that is valid: 'dotnet dev-certs https --trust' "
            + "makes one. The profile http, which is the default, needs none.",
            errors.Trim());
    }

    [Fact]
    public async Task Start_WithARedisAndKeys_ServesAndObeysCommands()
    {
        using var data = new TemporaryFolder();
        await redis.TellAsync("CONFIG", "SET", "appendonly", "no");
        await using var sut = await RunningHost.StartAsync(
            $"--ConnectionStrings:redis={redis.ConnectionString}", $"--AI_DATA_DIR={data.Path}", "--Inference:Replicas=2",
            "--Gateway:Replicas=2", $"--ApiKeys:ops:Sha256={Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(Key)))}",
            "--ApiKeys:ops:Role=operator");
        sut.UseKey(Key);

        Assert.Equal("Running", sut.StateOf("redis"));
        await sut.UntilLoggedAsync("redis", "redis has no append-only file: accepted jobs are lost when it ends.");
        using var reply = await sut.Http.PostAsJsonAsync("/v1/embeddings", new { model = Model, input = "Hello, world" }, Ct);
        Assert.Equal(HttpStatusCode.OK, reply.StatusCode);
        Assert.Equal(
            384, (await reply.Content.ReadFromJsonAsync<JsonElement>(Ct)).GetProperty("data")[0].GetProperty("embedding").GetArrayLength());

        Assert.Contains("succeeded", (await sut.PressAsync("gateway", "sample-job")).Message, StringComparison.Ordinal);
        await Poll.UntilAsync(async () => (await sut.QueuesAsync()).Count == 2, "both models have queues");
        Assert.Equal($"{Model}, {ChatPlatform.Model}", (await sut.PressAsync("gateway", "pause", ("queue", null))).Message);
        Assert.True((await sut.QueuesAsync())[Model].GetProperty("paused").GetBoolean());
        await sut.PressAsync("gateway", "resume", ("queue", Model));
        Assert.False((await sut.QueuesAsync())[Model].GetProperty("paused").GetBoolean());
        Assert.Contains(
            "\"requeued\": 0", (await sut.PressAsync("gateway", "requeue-dead", ("queue", null))).Data?.Value, StringComparison.Ordinal);
        await Poll.UntilAsync(
            async () => (await sut.QueuesAsync())[Model].GetProperty("workers").GetInt32() == 2, "both workers serve");

        var refused = await sut.TryAsync("gateway", "pause", ("queue", "nobodys"));
        Assert.False(refused.Success);
        Assert.Contains("404", refused.Message, StringComparison.Ordinal);
    }
}
