using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using AiPlatform.Gateway.Results.Following;
using AiPlatform.Jobs;
using AiPlatform.Jobs.Tasks.Embeddings;
using AiPlatform.Tests.Fixtures;
using AiPlatform.Tests.Gateway.Fixtures;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace AiPlatform.Tests.Gateway.Jobs;

/// <summary>Every reader of a job's events gets the same events with the same ids, on any Gateway and at any time.</summary>
public sealed class JobEventsTests(JobEventsTests.TwoGateways fixture) : IClassFixture<JobEventsTests.TwoGateways>
{
    private readonly GatewayHost _gateway = fixture.Gateway;
    private readonly GatewayHost _other = fixture.Other;

    [Fact]
    public async Task GetEvents_JobWithoutLog_HasItsChangesAndTheJob()
    {
        var model = RedisServer.Unique("plain");
        await using var worker = await FakeWorker.IdleAsync(_gateway, model);
        var id = await _gateway.Client.SubmitForIdAsync(model);
        await worker.SucceedAsync(await worker.LeaseAsync());

        var events = await EventReader.ReadAllAsync(_gateway.Client, id);

        Assert.Equal(["status", "status", "status", "done"], events.Select(one => one.Kind));
        Assert.Equal([1, 2, 3, 4], events.Select(one => one.Id!.Value));
        Assert.Equal(
            [("queued", 0), ("running", 1), ("succeeded", 1)],
            events.Take(3).Select(one => JsonSerializer.Deserialize<JsonElement>(one.Data))
                .Select(data => (data.GetProperty("status").GetString()!, data.GetProperty("attempt").GetInt32())));
        Assert.All(events.Take(3), one => Assert.Matches("\"at\":\"20[0-9-]+T[0-9:]+[.][0-9]{3}Z\"", one.Data));
        Assert.Equal((await _gateway.GetJobAsync(id)).GetRawText(), events[^1].Data);
    }

    [Fact]
    public async Task GetEvents_Answered_IsNotBufferedAndNamesTheJob()
    {
        var model = RedisServer.Unique("headers");
        await _gateway.ServeAsync(model);
        var id = await _gateway.Client.SubmitForIdAsync(model);

        await using var reader = await EventReader.OpenAsync(_gateway.Client, id);

        var headers = reader.Response.Headers;
        Assert.Equal(("no-cache", "no"), (headers.CacheControl?.ToString(), headers.GetValues("X-Accel-Buffering").Single()));
        Assert.Equal((id, model), (headers.GetValues("X-Job-Id").Single(), headers.GetValues("X-Model").Single()));
    }

    [Fact]
    public async Task GetEvents_EarlyLateAndResumedElsewhere_AreTheSame()
    {
        var model = RedisServer.Unique("same");
        await using var worker = await FakeWorker.IdleAsync(_gateway, model);
        var id = await _gateway.Client.SubmitForIdAsync(model);

        // The early reader is there before anything happens, and reads each event as it comes.
        await using var early = await EventReader.OpenAsync(_gateway.Client, id);
        List<ReadEvent> seen = await early.NextAsync(1);
        var leased = await worker.LeaseAsync();
        seen.AddRange(await early.NextAsync(1));
        await worker.SayAsync(leased, JobEvent.Output, """{"text":"a"}""", """{"text":"\n"}""");
        seen.AddRange(await early.NextAsync(2));
        await worker.SayAsync(leased, JobEvent.Progress, """{"unit":"tokens","done":2,"total":null}""");
        seen.AddRange(await early.NextAsync(1));

        // The middle one reads the first half here and goes on there.
        await using var resumed = await EventReader.OpenAsync(_other.Client, id, after: 3);
        List<ReadEvent> resumedSeen = await resumed.NextAsync(2);
        await worker.SayAsync(leased, JobEvent.Output, """{"text":"b"}""");
        await worker.SucceedAsync(leased);
        seen.AddRange(await early.ReadToEndAsync());
        resumedSeen.AddRange(await resumed.ReadToEndAsync());

        Assert.Equal(["status", "status", "output", "output", "progress", "output", "status", "done"], seen.Select(one => one.Kind));
        Assert.Equal(Enumerable.Range(1, 8).Select(i => (long?)i), seen.Select(one => one.Id));
        Assert.Equal("""{"text":"\n"}""", seen[3].Data);
        Assert.Equal(seen.Skip(3), resumedSeen);
        Assert.Equal(seen, await EventReader.ReadAllAsync(_other.Client, id));
        for (var after = 0; after < 8; after++) Assert.Equal(seen.Skip(after), await EventReader.ReadAllAsync(_gateway.Client, id, after));
    }

    [Fact]
    public async Task GetEvents_ManyEvents_LosesNone()
    {
        var model = RedisServer.Unique("many");
        await using var worker = await FakeWorker.IdleAsync(_gateway, model);
        var id = await _gateway.Client.SubmitForIdAsync(model);
        await using var early = await EventReader.OpenAsync(_other.Client, id);
        var reading = early.ReadToEndAsync();

        var leased = await worker.LeaseAsync();
        for (var i = 0; i < 25; i++)
            await worker.SayAsync(leased, JobEvent.Output, [.. Enumerable.Range(100 * i, 100).Select(n => $"{n}")]);
        await worker.SucceedAsync(leased);

        var seen = await reading;
        Assert.Equal(Enumerable.Range(0, 2_500).Select(n => $"{n}"), seen.Where(one => one.Kind == "output").Select(one => one.Data));
        Assert.Equal(Enumerable.Range(1, 2_504).Select(n => (long?)n), seen.Select(one => one.Id));
        Assert.Equal(seen, await EventReader.ReadAllAsync(_gateway.Client, id));
    }

    [Theory]
    [InlineData("failed")]
    [InlineData("canceled")]
    [InlineData("expired")]
    public async Task GetEvents_JobEndsOtherwise_AreDoneWithTheError(string status)
    {
        var model = RedisServer.Unique("ends");
        await using var worker = await FakeWorker.IdleAsync(_gateway, model);
        using var submitted = await _gateway.PostAsync(
            "/v1/jobs", new { endpoint = EmbeddingTask.Endpoint, body = new { model, input = "a" }, deadline_seconds = status == "expired" ? 0.5 : 60 });
        var id = (await submitted.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("id").GetString()!;
        await using var reader = await EventReader.OpenAsync(_other.Client, id);
        await reader.NextAsync(1);

        if (status == "failed") await worker.FailAsync(await worker.LeaseAsync(), InferenceErrorKind.ModelFailed);
        if (status == "canceled") await _gateway.Client.SendAsync(HttpMethod.Delete, $"/v1/jobs/{id}");
        var events = await reader.ReadToEndAsync();

        Assert.Equal(["status", "done"], events.TakeLast(2).Select(one => one.Kind));
        var done = JsonSerializer.Deserialize<JsonElement>(events[^1].Data);
        Assert.Equal((status, JsonValueKind.Object), (done.GetProperty("status").GetString(), done.GetProperty("error").ValueKind));
    }

    [Fact]
    public async Task GetEvents_JobRunsAgain_GoOnBehindItsFirstEnd()
    {
        var model = RedisServer.Unique("again");
        await using var worker = await FakeWorker.IdleAsync(_gateway, model);
        var id = await _gateway.Client.SubmitForIdAsync(model);
        await worker.FailAsync(await worker.LeaseAsync(), InferenceErrorKind.ModelFailed);
        var first = await EventReader.ReadAllAsync(_gateway.Client, id);
        Assert.Equal(4, first[^1].Id);

        await _gateway.Client.SendAsync(HttpMethod.Post, $"/v1/jobs/{id}/retry");
        await worker.SucceedAsync(await worker.LeaseAsync());
        var second = await EventReader.ReadAllAsync(_other.Client, id, after: 4);
        var all = await EventReader.ReadAllAsync(_other.Client, id);

        Assert.Equal([(5L, "status"), (6L, "status"), (7L, "status"), (8L, "done")], second.Select(one => (one.Id!.Value, one.Kind)));
        Assert.Equal([.. first.Take(3), .. second], all);
    }

    [Fact]
    public async Task GetEvents_DoneWasSeen_Answers204()
    {
        var model = RedisServer.Unique("seen");
        await using var worker = await FakeWorker.IdleAsync(_gateway, model);
        var id = await _gateway.Client.SubmitForIdAsync(model);
        await worker.SucceedAsync(await worker.LeaseAsync());
        var done = (await EventReader.ReadAllAsync(_gateway.Client, id))[^1];

        using var request = new HttpRequestMessage(HttpMethod.Get, $"/v1/jobs/{id}/events")
        {
            Headers = { { "Last-Event-ID", $"{done.Id}" } },
        };
        using var response = await _other.Client.SendAsync(request);

        Assert.Equal(HttpStatusCode.NoContent, response.StatusCode);
        Assert.Empty(await response.Content.ReadAsByteArrayAsync());
    }

    [Fact]
    public async Task GetEvents_LogHasExpired_SayThatThereIsAGap()
    {
        var model = RedisServer.Unique("gap");
        await using var worker = await FakeWorker.IdleAsync(_gateway, model);
        var id = await _gateway.Client.SubmitForIdAsync(model);
        var leased = await worker.LeaseAsync();
        await worker.SayAsync(leased, JobEvent.Output, "1", "2", "3");
        await worker.SucceedAsync(leased);
        var whole = await EventReader.ReadAllAsync(_gateway.Client, id);
        await fixture.Redis.Connection.GetDatabase().KeyDeleteAsync($"ai:{{{model}}}:events:{leased.Id.Key}");

        var late = await EventReader.ReadAllAsync(_gateway.Client, id);
        var resumed = await EventReader.ReadAllAsync(_other.Client, id, after: 4);
        var resumedBehind = await EventReader.ReadAllAsync(_other.Client, id, after: 5);

        // It stands where the events are missing.
        Assert.Equal([.. whole.Take(2), new ReadEvent(null, "gap", """{"after":2}"""), .. whole.Skip(5)], late);
        Assert.Equal([new ReadEvent(null, "gap", """{"after":4}"""), .. whole.Skip(5)], resumed);
        Assert.Equal(whole.Skip(5), resumedBehind);
    }

    [Theory]
    [InlineData("x")]
    [InlineData("-1")]
    [InlineData("99999999999999999999")]
    [InlineData("2")]
    public async Task GetEvents_BadLastEventId_Answers400(string lastEventId)
    {
        var model = RedisServer.Unique("badid");
        await _gateway.ServeAsync(model);
        var id = await _gateway.Client.SubmitForIdAsync(model);
        using var request = new HttpRequestMessage(HttpMethod.Get, $"/v1/jobs/{id}/events");
        request.Headers.TryAddWithoutValidation("Last-Event-ID", lastEventId);

        using var response = await _gateway.Client.SendAsync(request);

        Assert.Equal((HttpStatusCode.BadRequest, "application/problem+json"),
            (response.StatusCode, response.Content.Headers.ContentType!.MediaType));
        Assert.Equal("Last-Event-ID", (await response.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("param").GetString());
    }

    [Theory]
    [InlineData("x")]
    [InlineData("job_00000000000000000000000000.nobody")]
    public async Task GetEvents_NoSuchJob_Answers404(string id) =>
        await _gateway.Client.RefusesAsync(HttpMethod.Get, $"/v1/jobs/{id}/events", HttpStatusCode.NotFound, "job_not_found");

    /// <summary>A result that was stored with line ends must not end the data.</summary>
    [Fact]
    public async Task GetEvents_OutputHasLineEnds_IsOneLineAllTheSame()
    {
        var model = RedisServer.Unique("lines");
        await using var worker = await FakeWorker.IdleAsync(_gateway, model);
        var id = await _gateway.Client.SubmitForIdAsync(model);
        var output = new JobOutput(JobOutput.Json, Encoding.UTF8.GetBytes("{\r\n  \"a\": \"b\\n\"\n}"));
        await _gateway.Store.CommitAsync(await worker.LeaseAsync(), JobOutcome.Success(output, usage: null), CancellationToken.None);

        var (_, text) = await _gateway.SendRawAsync($"GET /v1/jobs/{id}/events", []);
        var done = (await EventReader.ReadAllAsync(_gateway.Client, id))[^1];

        Assert.Contains("event: done\ndata: {\"id\":", text, StringComparison.Ordinal);
        Assert.Equal("b\n", JsonSerializer.Deserialize<JsonElement>(done.Data).GetProperty("output").GetProperty("a").GetString());
        Assert.DoesNotContain('\n', done.Data);
    }

    [Fact]
    public async Task GetEvents_ClientLeaves_IsFollowedNoMore()
    {
        var model = RedisServer.Unique("leaves");
        await _gateway.ServeAsync(model);
        var id = await _gateway.Client.SubmitForIdAsync(model);
        Assert.True(JobId.TryParse(id, out var jobId));
        var followers = _gateway.Services.GetRequiredService<FollowedJobs>();

        await using (var reader = await EventReader.OpenAsync(_gateway.Client, id))
        {
            await reader.NextAsync(1);
            Assert.True(followers.IsFollowed(jobId));
        }

        await Poll.UntilAsync(() => !followers.IsFollowed(jobId), "nobody follows the job");
        var (_, job) = await _gateway.Client.SendAsync(HttpMethod.Get, $"/v1/jobs/{id}");
        Assert.Equal("queued", job.GetProperty("status").GetString());
    }

    [Fact]
    public async Task GetEvents_GatewayStops_EndsTheStreamAndTheNextGoesOn()
    {
        var stopping = await GatewayHost.StartAsync(fixture.Redis);
        var model = RedisServer.Unique("stops");
        await using var worker = await FakeWorker.IdleAsync(_gateway, model);
        var id = await _gateway.Client.SubmitForIdAsync(model);
        await using var reader = await EventReader.OpenAsync(stopping.Client, id);
        List<ReadEvent> seen = await reader.NextAsync(1);

        var stopped = stopping.StopAsync();
        seen.AddRange(await reader.ReadToEndAsync());
        await stopped.WaitAsync(TimeSpan.FromSeconds(20));
        await stopping.DisposeAsync();
        await worker.SucceedAsync(await worker.LeaseAsync());
        seen.AddRange(await EventReader.ReadAllAsync(_other.Client, id, after: seen[^1].Id));

        Assert.Equal(["status", "status", "status", "done"], seen.Select(one => one.Kind));
    }

    /// <summary>
    /// Two Gateways on one Redis. Their poll interval is a minute, so anything that arrives sooner came by a notification.
    /// </summary>
    public sealed class TwoGateways : IAsyncLifetime
    {
        private GatewayHost? _gateway;
        private GatewayHost? _other;

        public RedisServer Redis { get; } = new();

        internal GatewayHost Gateway => _gateway ?? throw new InvalidOperationException("The fixture is not initialized.");

        internal GatewayHost Other => _other ?? throw new InvalidOperationException("The fixture is not initialized.");

        public async ValueTask InitializeAsync()
        {
            await Redis.InitializeAsync();
            _gateway = await GatewayHost.StartAsync(Redis, "Jobs:PollInterval=00:01:00");
            _other = await GatewayHost.StartAsync(Redis, "Jobs:PollInterval=00:01:00");
        }

        public async ValueTask DisposeAsync()
        {
            if (_gateway is not null) await _gateway.DisposeAsync();
            if (_other is not null) await _other.DisposeAsync();
            await Redis.DisposeAsync();
        }
    }
}
