using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using AiPlatform.Tests.Fixtures;
using Xunit;

namespace AiPlatform.Tests.EndToEnd;

/// <summary>What dies is survived: nothing accepted is lost, nothing is answered twice.</summary>
public sealed class RecoveryTests
{
    private const int Jobs = 200;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task WorkerKilled_InTheMiddleOfJobs_EveryJobSucceedsOnce()
    {
        await using var sut = await Platform.StartAsync();
        var texts = ReferenceEmbeddings.All.Where(one => one.Tokens <= 256).ToList();
        var ids = new List<string>();
        for (var i = 0; i < Jobs; i++) ids.Add(await sut.SubmitAsync(texts[i % texts.Count].Text));
        await Poll.UntilAsync(async () => await StatusAsync(sut, ids[20]) == "succeeded", "some jobs have ended");

        await sut.Worker.KillAsync();
        var left = await CountAsync(sut, ids, "queued", "running");
        var second = sut.StartWorker();
        await second.UntilReadyAsync(sut.Http);

        var jobs = new List<JsonElement>();
        foreach (var id in ids) jobs.Add(await sut.EndOfAsync(id));
        Assert.True(left > 0, "The worker was killed too late: every job had ended.");
        for (var i = 0; i < Jobs; i++)
        {
            Assert.Equal("succeeded", jobs[i].GetProperty("status").GetString());
            var vector = Assert.Single(Platform.VectorsOf(jobs[i].GetProperty("output")));
            Assert.InRange(ReferenceEmbeddings.LargestDifference(vector, texts[i % texts.Count].Vector), 0, ReferenceEmbeddings.Tolerance);
        }

        Assert.Contains(jobs, job => job.GetProperty("attempts").GetInt32() == 2);
        Assert.All(jobs, job => Assert.InRange(job.GetProperty("attempts").GetInt32(), 1, 2));
    }

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
    public async Task GatewayKilled_AcceptedJobs_AreFoundByAnother()
    {
        await using var sut = await Platform.StartAsync();
        var id = await sut.SubmitAsync("hello");

        await sut.Gateway.KillAsync();
        await using var other = AiProcess.Start("Gateway", [("ConnectionStrings__redis", sut.Redis.ConnectionString)]);
        await other.UntilReadyAsync(sut.Http);

        using var reply = await sut.Http.GetAsync(new Uri(other.Address, $"/v1/jobs/{id}?wait=30"), Ct);
        var job = JsonSerializer.Deserialize<JsonElement>(await reply.Content.ReadAsStringAsync(Ct));
        Assert.Equal("succeeded", job.GetProperty("status").GetString());
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

    [Fact]
    [Trait("Category", "Long")]
    public async Task WorkersKilledAgainAndAgain_EveryAcceptedJobSucceeds()
    {
        const int Kills = 10;
        await using var sut = await Platform.StartAsync(("Jobs__MaxLostLeases", "100"));
        var texts = ReferenceEmbeddings.All.Where(one => one.Tokens <= 256).ToList();
        var ids = new List<string>();
        var worker = sut.Worker;

        for (var kill = 0; kill < Kills; kill++)
        {
            var first = ids.Count;
            for (var i = 0; i < Jobs; i++) ids.Add(await sut.SubmitAsync(texts[ids.Count % texts.Count].Text));
            await Poll.UntilAsync(async () => await StatusAsync(sut, ids[first]) == "succeeded", "the worker works");
            await worker.KillAsync();
            worker = sut.StartWorker();
        }

        for (var i = 0; i < ids.Count; i++)
        {
            var job = await sut.EndOfAsync(ids[i]);
            Assert.Equal("succeeded", job.GetProperty("status").GetString());
            var vector = Assert.Single(Platform.VectorsOf(job.GetProperty("output")));
            Assert.InRange(ReferenceEmbeddings.LargestDifference(vector, texts[i % texts.Count].Vector), 0, ReferenceEmbeddings.Tolerance);
        }
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
