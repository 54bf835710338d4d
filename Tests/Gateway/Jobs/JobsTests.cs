using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using System.Text.RegularExpressions;
using AiPlatform.Jobs;
using AiPlatform.Tests.Fixtures;
using AiPlatform.Tests.Gateway.Fixtures;
using Xunit;

namespace AiPlatform.Tests.Gateway.Jobs;

public sealed partial class JobsTests(GatewayFixture fixture) : IClassFixture<GatewayFixture>
{
    private const string Path = "/v1/jobs";

    private readonly GatewayHost _gateway = fixture.Gateway;

    [GeneratedRegex(@"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$")]
    private static partial Regex UtcMilliseconds { get; }

    [Fact]
    public async Task PostJobs_Valid_AnswersTheQueuedJobWithEveryKey()
    {
        var model = RedisServer.Unique("submitted");
        await using var worker = await FakeWorker.IdleAsync(_gateway, model);

        using var response = await SubmitAsync(model, metadata: """{"a":"1","é":"\"quoted\""}""");

        Assert.Equal(HttpStatusCode.Accepted, response.StatusCode);
        var job = await response.Content.ReadFromJsonAsync<JsonElement>();
        string[] keys =
        [
            "id", "object", "endpoint", "model", "status", "lane", "created_at", "started_at", "finished_at", "deadline", "attempts",
            "progress", "output", "error", "usage", "timings", "position", "metadata", "trace_id",
        ];
        Assert.Equal(keys.Order(), job.EnumerateObject().Select(one => one.Name).Order());
        var id = job.GetProperty("id").GetString()!;
        Assert.Equal($"/v1/jobs/{id}", response.Headers.Location!.OriginalString);
        Assert.Equal(id, response.Headers.GetValues("X-Job-Id").Single());
        Assert.Equal(job.GetProperty("trace_id").GetString(), response.Headers.GetValues("x-request-id").Single());
        Assert.Equal(
            ("job", "/v1/embeddings", model, "queued", "default", 0, 0),
            (job.GetProperty("object").GetString(), job.GetProperty("endpoint").GetString(), job.GetProperty("model").GetString(),
                job.GetProperty("status").GetString(), job.GetProperty("lane").GetString(), job.GetProperty("attempts").GetInt32(),
                job.GetProperty("position").GetInt32()));
        foreach (var absent in (string[])["started_at", "finished_at", "progress", "output", "error", "usage"])
            Assert.Equal(JsonValueKind.Null, job.GetProperty(absent).ValueKind);
        Assert.Equal("""{"queue_ms":null,"run_ms":null}""", job.GetProperty("timings").GetRawText());
        Assert.Equal("1", job.GetProperty("metadata").GetProperty("a").GetString());
        Assert.Equal("\"quoted\"", job.GetProperty("metadata").GetProperty("é").GetString());
        Assert.Matches(UtcMilliseconds, job.GetProperty("created_at").GetString()!);
        Assert.Equal(
            TimeSpan.FromHours(24), job.GetProperty("deadline").GetDateTimeOffset() - job.GetProperty("created_at").GetDateTimeOffset());
    }

    [Fact]
    public async Task GetJob_Succeeded_HasTheAnswerOfTheSynchronousCall()
    {
        var model = RedisServer.Unique("output");
        await using var worker = await FakeWorker.StartAsync(_gateway, model);

        var id = await SubmittedIdAsync(model);
        using var synchronous = await _gateway.PostAsync("/v1/embeddings", new { model, input = "a" });
        var job = await _gateway.GetJobAsync(id, "?wait=30");

        Assert.Equal("succeeded", job.GetProperty("status").GetString());
        Assert.Equal(await synchronous.Content.ReadAsStringAsync(), job.GetProperty("output").GetRawText());
        Assert.Equal("""{"prompt_tokens":3,"total_tokens":3}""", job.GetProperty("usage").GetRawText());
        Assert.Equal(JsonValueKind.Null, job.GetProperty("error").ValueKind);
        Assert.Equal(JsonValueKind.Null, job.GetProperty("position").ValueKind);
        Assert.Matches(UtcMilliseconds, job.GetProperty("started_at").GetString()!);
        Assert.Matches(UtcMilliseconds, job.GetProperty("finished_at").GetString()!);
        Assert.True(job.GetProperty("timings").GetProperty("queue_ms").GetInt64() >= 0);
        Assert.True(job.GetProperty("timings").GetProperty("run_ms").GetInt64() >= 0);
    }

    [Fact]
    public async Task GetJob_WaitWhileUnfinished_AnswersWhenItEnds()
    {
        var model = RedisServer.Unique("wait");
        await using var worker = await FakeWorker.IdleAsync(_gateway, model);
        var id = await SubmittedIdAsync(model);
        var leased = await worker.LeaseAsync();

        var reading = _gateway.GetJobAsync(id, "?wait=60");
        await WatchedAsync(leased.Id);
        await worker.SucceedAsync(leased);
        var job = await reading;

        Assert.Equal("succeeded", job.GetProperty("status").GetString());
        Assert.Equal(JsonValueKind.Object, job.GetProperty("output").ValueKind);
    }

    [Fact]
    public async Task GetJob_WaitTimeIsUp_AnswersTheUnfinishedJob()
    {
        var model = RedisServer.Unique("timeup");
        await using var worker = await FakeWorker.IdleAsync(_gateway, model);
        var id = await SubmittedIdAsync(model);
        await worker.LeaseAsync();

        var job = await _gateway.GetJobAsync(id, "?wait=0.25");

        Assert.Equal("running", job.GetProperty("status").GetString());
        Assert.Equal(1, job.GetProperty("attempts").GetInt32());
    }

    [Fact]
    public async Task GetJob_WaitOnAnotherGateway_AnswersWhenItEnds()
    {
        await using var other = await GatewayHost.StartAsync(fixture.Redis, "Jobs:PollInterval=00:01:00");
        var model = RedisServer.Unique("across");
        await using var worker = await FakeWorker.IdleAsync(_gateway, model);
        var id = await SubmittedIdAsync(model);
        var leased = await worker.LeaseAsync();

        var here = _gateway.GetJobAsync(id, "?wait=60");
        var there = other.GetJobAsync(id, "?wait=60");
        await WatchedAsync(leased.Id, watchers: 2);
        await worker.SucceedAsync(leased);

        Assert.Equal("succeeded", (await here.WaitAsync(TimeSpan.FromSeconds(30))).GetProperty("status").GetString());
        // The poll interval is a minute, so only the message can have delivered the result.
        Assert.Equal("succeeded", (await there.WaitAsync(TimeSpan.FromSeconds(30))).GetProperty("status").GetString());
    }

    [Fact]
    public async Task GetJob_Failed_SaysWhy()
    {
        var model = RedisServer.Unique("failed");
        await using var worker = await FakeWorker.IdleAsync(_gateway, model);
        var id = await SubmittedIdAsync(model);

        await worker.FailAsync(await worker.LeaseAsync(), InferenceErrorKind.ContextLengthExceeded);
        var job = await _gateway.GetJobAsync(id, "?wait=30");

        Assert.Equal("failed", job.GetProperty("status").GetString());
        Assert.Equal(
            """{"code":"context_length_exceeded","message":"The fake worker says so.","retryable":false}""", job.GetProperty("error").GetRawText());
    }

    [Fact]
    public async Task GetJob_NumbersThatAreNotFinite_SaysSoInsteadOfTheOutput()
    {
        var model = RedisServer.Unique("nan");
        await using var worker = await FakeWorker.IdleAsync(_gateway, model);
        var id = await SubmittedIdAsync(model);

        await worker.SucceedAsync(await worker.LeaseAsync(), value: float.PositiveInfinity);
        var job = await _gateway.GetJobAsync(id, "?wait=30");

        Assert.Equal(JsonValueKind.Null, job.GetProperty("output").ValueKind);
        Assert.Equal("model_failed", job.GetProperty("error").GetProperty("code").GetString());
    }

    [Fact]
    public async Task GetJob_DeadlinePasses_IsExpired()
    {
        var model = RedisServer.Unique("expires");
        await using var worker = await FakeWorker.IdleAsync(_gateway, model);
        using var response = await SubmitAsync(model, deadlineSeconds: "0.1");
        var id = (await response.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("id").GetString()!;

        var job = await _gateway.GetJobAsync(id, "?wait=60");

        Assert.Equal("expired", job.GetProperty("status").GetString());
        Assert.Equal("deadline_exceeded", job.GetProperty("error").GetProperty("code").GetString());
    }

    [Fact]
    public async Task DeleteJob_Queued_CancelsIt()
    {
        var model = RedisServer.Unique("delqueued");
        await using var worker = await FakeWorker.IdleAsync(_gateway, model);
        var id = await SubmittedIdAsync(model);

        var job = await DeleteAsync(id);

        Assert.Equal("canceled", job.GetProperty("status").GetString());
        Assert.Equal("canceled", job.GetProperty("error").GetProperty("code").GetString());
    }

    [Fact]
    public async Task DeleteJob_Running_CancelsItAndRefusesItsResult()
    {
        var model = RedisServer.Unique("delrunning");
        await using var worker = await FakeWorker.IdleAsync(_gateway, model);
        var id = await SubmittedIdAsync(model);
        var leased = await worker.LeaseAsync();

        var job = await DeleteAsync(id);

        Assert.Equal("canceled", job.GetProperty("status").GetString());
        Assert.False(await worker.SucceedAsync(leased));
    }

    [Fact]
    public async Task DeleteJob_Finished_LeavesItAsItIs()
    {
        var model = RedisServer.Unique("delfinished");
        await using var worker = await FakeWorker.StartAsync(_gateway, model);
        var id = await SubmittedIdAsync(model);
        var finished = await _gateway.GetJobAsync(id, "?wait=30");

        var job = await DeleteAsync(id);

        Assert.Equal(finished.GetRawText(), job.GetRawText());
    }

    [Theory]
    [InlineData("interactive", "interactive")]
    [InlineData("default", "default")]
    [InlineData("batch", "batch")]
    [InlineData(null, "default")]
    public async Task PostJobs_Lane_IsItsLane(string? lane, string expected)
    {
        var model = RedisServer.Unique("lane");
        await _gateway.ServeAsync(model);

        var job = await _gateway.Client.SubmitAsync(model, lane);

        Assert.Equal(expected, job.GetProperty("lane").GetString());
        Assert.Equal(expected, (await _gateway.GetJobAsync(job.GetProperty("id").GetString()!)).GetProperty("lane").GetString());
    }

    private async Task<JsonElement> DeleteAsync(string id)
    {
        using var response = await _gateway.Client.DeleteAsync($"{Path}/{id}");
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        return await response.Content.ReadFromJsonAsync<JsonElement>();
    }

    private async Task<string> SubmittedIdAsync(string model)
    {
        using var response = await SubmitAsync(model);
        Assert.Equal(HttpStatusCode.Accepted, response.StatusCode);
        return (await response.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("id").GetString()!;
    }

    private Task<HttpResponseMessage> SubmitAsync(string model, string metadata = "null", string deadlineSeconds = "null") =>
        _gateway.PostTextAsync(
        Path,
        $$"""{"endpoint":"/v1/embeddings","body":{"model":"{{model}}","input":"a"},"lane":"default","metadata":{{metadata}},"deadline_seconds":{{deadlineSeconds}}}""");

    private Task WatchedAsync(JobId id, int watchers = 1) => Poll.UntilAsync(
        async () =>
        {
            var watch = (string?)await fixture.Redis.Connection.GetDatabase().HashGetAsync($"ai:{{{id.Queue}}}:watch", id.Key);
            return watch?.Split(' ').Length == watchers;
        },
        "the Gateways watch the job");
}
