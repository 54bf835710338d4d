using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using AiPlatform.Tests.Fixtures;
using Xunit;

namespace AiPlatform.Tests.EndToEnd;

/// <summary>Orderly stops, and the effects of an outage on callers. For kills see <see cref="Faults.FaultTests"/>.</summary>
public sealed class RecoveryTests
{
    private const int Jobs = 200;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task WorkerStopped_InTheMiddleOfJobs_FinishesOrReturnsThem()
    {
        await using var sut = await Platform.StartAsync();
        var ids = new List<string>();
        for (var i = 0; i < Jobs; i++) ids.Add(await sut.SubmitAsync($"text number {i}"));
        await Poll.UntilAsync(async () => await StatusAsync(sut, ids[20]) == "succeeded", "some jobs have ended");

        var exitCode = await sut.Worker.StopAsync();
        var running = await CountAsync(sut, ids, "running");
        var second = sut.StartWorker();
        await second.UntilReadyAsync(sut.Http);

        Assert.Equal((0, 0), (exitCode, running));
        foreach (var id in ids)
        {
            var job = await sut.EndOfAsync(id);
            Assert.Equal("succeeded", job.GetProperty("status").GetString());
            Assert.Equal(1, job.GetProperty("attempts").GetInt32());
        }
    }

    [Fact]
    public async Task RedisStoppedAndStarted_ServiceResumesByItself()
    {
        await using var sut = await Platform.StartAsync();
        var before = await sut.SubmitAsync("before");

        await sut.Redis.StopAsync();
        using var refused = await EmbedAsync(sut);
        using var gatewayHealth = await sut.Http.GetAsync("/health", Ct);
        using var workerHealth = await sut.Http.GetAsync(new Uri(sut.Worker.Address, "/health"), Ct);
        await sut.Redis.StartAsync();

        Assert.Equal(HttpStatusCode.ServiceUnavailable, refused.StatusCode);
        Assert.NotNull(refused.Headers.RetryAfter);
        Assert.Equal(HttpStatusCode.OK, gatewayHealth.StatusCode);
        Assert.Contains("Degraded", await gatewayHealth.Content.ReadAsStringAsync(Ct), StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, workerHealth.StatusCode);
        await Poll.UntilAsync(
            async () =>
            {
                using var reply = await EmbedAsync(sut);
                return reply.StatusCode == HttpStatusCode.OK;
            },
            "embeddings come back");
        Assert.Equal("succeeded", (await sut.EndOfAsync(before)).GetProperty("status").GetString());
    }

    private static Task<HttpResponseMessage> EmbedAsync(Platform sut) =>
        sut.Http.PostAsJsonAsync("/v1/embeddings", new { model = Platform.Model, input = "hello" }, Ct);

    private static async Task<string> StatusAsync(Platform sut, string id) =>
        JsonSerializer.Deserialize<JsonElement>(await sut.Http.GetStringAsync($"/v1/jobs/{id}", Ct)).GetProperty("status").GetString()!;

    private static async Task<int> CountAsync(Platform sut, List<string> ids, params string[] statuses)
    {
        var count = 0;
        foreach (var id in ids)
        {
            var status = await StatusAsync(sut, id);
            if (statuses.Contains(status)) count++;
        }

        return count;
    }
}
