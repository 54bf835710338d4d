using System.Net;
using AiPlatform.Gateway.Results;
using AiPlatform.Tests.Fixtures;
using AiPlatform.Tests.Gateway.Fixtures;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Xunit;

namespace AiPlatform.Tests.Gateway;

/// <summary>
/// A former primary comes back as a replica with old data and without a link, and the Gateway still reads from it. Jobs that it has are
/// read. For other jobs it is unknown whether they exist.
/// </summary>
public sealed class StaleReplicaTests : IAsyncLifetime
{
    private const string Lost = "/v1/jobs/job_00000000000000000000000000.m";

    private readonly RedisServer _redis = new();
    private GatewayHost _gateway = null!;

    public async ValueTask InitializeAsync()
    {
        await _redis.InitializeAsync();
        _gateway = await GatewayHost.StartAsync(_redis);
        await _gateway.ServeAsync("m");
    }

    public async ValueTask DisposeAsync()
    {
        await _gateway.DisposeAsync();
        await _redis.DisposeAsync();
    }

    public static TheoryData<string, string> Calls => new()
    {
        { "GET", Lost }, { "GET", $"{Lost}?wait=0.2" }, { "GET", $"{Lost}/events" }, { "DELETE", Lost }, { "POST", $"{Lost}/retry" },
        { "GET", "/v1/models/later" }, { "POST", "/v1/queues/later/pause" }, { "POST", "/v1/embeddings" }, { "POST", "/v1/jobs" },
    };

    [Theory]
    [MemberData(nameof(Calls))]
    public async Task AnyCall_WhatItNamesIsNotOnTheReplica_Answers503UntilThePrimarySays404(string method, string path)
    {
        await BecomeReplicaAsync();
        var (status, answer) = await SendAsync(method, path);
        await BecomePrimaryAsync();
        var (later, _) = await SendAsync(method, path);

        Assert.True(status == HttpStatusCode.ServiceUnavailable, $"{(int)status}: {answer}");
        Assert.Contains("replica", answer, StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.NotFound, later);
    }

    /// <summary>An empty list would claim that no job exists.</summary>
    [Theory]
    [InlineData("/v1/jobs")]
    [InlineData("/v1/jobs?model=m")]
    [InlineData("/v1/jobs?status=running")]
    public async Task GetJobs_NoneOnTheReplica_Answers503UntilThePrimarySaysSo(string path)
    {
        await BecomeReplicaAsync();
        var (status, answer) = await SendAsync("GET", path);
        await BecomePrimaryAsync();
        var (later, _) = await SendAsync("GET", path);

        Assert.True(status == HttpStatusCode.ServiceUnavailable, $"{(int)status}: {answer}");
        Assert.Contains("replica", answer, StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.OK, later);
    }

    /// <summary>Of jobs that are read together, each is found or not found by itself.</summary>
    [Fact]
    public async Task GetJob_ManyAtOnce_ThoseThatAreThereAreAnswered()
    {
        var id = await _gateway.Client.SubmitForIdAsync("m");
        await BecomeReplicaAsync();

        var answers = await Task.WhenAll(
            Enumerable.Range(0, 40).Select(i => SendAsync("GET", (i % 2 == 0 ? Lost : $"/v1/jobs/{id}") + (i % 4 < 2 ? "" : "?wait=0.2"))));

        for (var i = 0; i < answers.Length; i++)
            Assert.Equal(i % 2 == 0 ? HttpStatusCode.ServiceUnavailable : HttpStatusCode.OK, answers[i].Status);
    }

    /// <summary>A client that waits for a job's end, or streams its events, waits until the primary is back.</summary>
    [Fact]
    public async Task Waiting_JobIsNotOnTheReplica_GoesOnToItsEnd()
    {
        using var log = new KeptLog();
        _gateway.Services.GetRequiredService<ILoggerFactory>().AddProvider(log);
        await using var worker = await FakeWorker.IdleAsync(_gateway, "m");
        var answering = _gateway.PostAsync("/v1/embeddings", new { model = "m", input = "a" });
        var leased = await worker.LeaseAsync();
        await using var reader = await EventReader.OpenAsync(_gateway.Client, leased.Id.ToString());
        var waiting = _gateway.Client.GetAsync($"/v1/jobs/{leased.Id}?wait=30");
        await reader.NextAsync(2);
        // The waiting call has read the job when a later call has.
        await Poll.UntilAsync(
            () => _gateway.Services.GetRequiredService<AwaitedJobs>().Find(leased.Id)?.Waiters == 2, "both calls wait for the job's end");
        await _gateway.Client.GetStringAsync($"/v1/jobs/{leased.Id}");

        string record = $"ai:{{m}}:job:{leased.Id.Key}", aside = $"ai:{{m}}:aside";
        await AtOnceAsync(["RENAME", record, aside], ["REPLICAOF", "127.0.0.1", $"{FreePort.Next()}"]);
        await Poll.UntilAsync(
            () => log.Lines.Count(line => line.Text.Contains("may be there all the same", StringComparison.Ordinal)) >= 2
                || answering.IsCompleted || waiting.IsCompleted,
            "the waiting and the following look into the replica");
        await AtOnceAsync(["REPLICAOF", "NO", "ONE"], ["RENAME", aside, record]);
        await Poll.UntilAsync(
            async () =>
            {
                try
                {
                    return await worker.SucceedAsync(leased);
                }
                catch (AiPlatform.Jobs.QueueUnavailableException)
                {
                    return false;
                }
            },
            "the worker reaches the primary");
        using var answer = await answering;
        using var waited = await waiting;

        Assert.Equal((HttpStatusCode.OK, HttpStatusCode.OK), (answer.StatusCode, waited.StatusCode));
        Assert.Contains("succeeded", await waited.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        Assert.Equal("done", (await reader.ReadToEndAsync())[^1].Kind);
    }

    /// <summary>Sends the commands in one packet, which Redis reads to its end before it serves other clients.</summary>
    private async Task AtOnceAsync(params string[][] commands)
    {
        var batch = _redis.Connection.GetDatabase().CreateBatch();
        var replies = commands.Select(command => batch.ExecuteAsync(command[0], [.. command.Skip(1)])).ToList();
        batch.Execute();
        await Task.WhenAll(replies);
    }

    private async Task BecomeReplicaAsync() =>
        await _redis.Connection.GetDatabase().ExecuteAsync("REPLICAOF", "127.0.0.1", $"{FreePort.Next()}");

    private async Task BecomePrimaryAsync()
    {
        await _redis.Connection.GetDatabase().ExecuteAsync("REPLICAOF", "NO", "ONE");
        await Poll.UntilAsync(
            async () => (await _gateway.Client.GetStringAsync("/health")).Contains("takes jobs", StringComparison.Ordinal),
            "the Gateway finds the primary");
    }

    private async Task<(HttpStatusCode Status, string Answer)> SendAsync(string method, string path)
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), path);
        if (path == "/v1/embeddings") request.Content = Json("""{"model":"later","input":"a"}""");
        if (path == "/v1/jobs" && method == "POST")
            request.Content = Json("""{"endpoint":"/v1/embeddings","body":{"model":"later","input":"a"}}""");
        using var response = await _gateway.Client.SendAsync(request);
        return (response.StatusCode, await response.Content.ReadAsStringAsync());
    }

    private static StringContent Json(string text) => new(text, System.Text.Encoding.UTF8, "application/json");
}
