using System.Net;
using System.Text.Json;
using AiPlatform.Tests.Fixtures;
using AiPlatform.Tests.Gateway.Fixtures;
using Xunit;

namespace AiPlatform.Tests.Gateway.Queues;

public sealed class QueuesTests(KeyedGatewayFixture fixture) : IClassFixture<KeyedGatewayFixture>, IDisposable
{
    private const string Path = "/v1/queues";

    private readonly GatewayHost _gateway = fixture.Gateway;
    private readonly HttpClient _operator = fixture.Operator.ClientOf(fixture.Gateway);
    private readonly HttpClient _user = fixture.User.ClientOf(fixture.Gateway);

    public void Dispose()
    {
        _operator.Dispose();
        _user.Dispose();
    }

    [Fact]
    public async Task GetQueues_JobsOfSeveralTenantsAndLanes_CountsThem()
    {
        var model = RedisServer.Unique("counts");
        await using var worker = await FakeWorker.IdleAsync(_gateway, model);
        await _user.SubmitForIdAsync(model);
        await worker.LeaseAsync();
        foreach (var lane in (string?[])["interactive", null, "batch", "batch"]) await _user.SubmitForIdAsync(model, lane);
        await _operator.SubmitForIdAsync(model, "batch");

        var queue = await ReadAsync(model);

        Assert.Equal(
            ["queue", "depth", "running", "oldest_ms", "drain_per_second", "workers", "paused", "dead", "broken", "problem", "lanes"],
            queue.EnumerateObject().Select(field => field.Name));
        Assert.Equal(
            (model, 5, 1, 1, false, 0),
            (queue.GetProperty("queue").GetString(), queue.GetProperty("depth").GetInt64(), queue.GetProperty("running").GetInt64(),
                queue.GetProperty("workers").GetInt32(), queue.GetProperty("paused").GetBoolean(), queue.GetProperty("dead").GetInt64()));
        Assert.True(queue.GetProperty("oldest_ms").GetInt64() >= 0);
        Assert.Equal(["interactive", "default", "batch"], queue.GetProperty("lanes").EnumerateObject().Select(lane => lane.Name));
        Assert.Equal([1, 1, 3], queue.GetProperty("lanes").EnumerateObject().Select(lane => lane.Value.GetProperty("depth").GetInt64()));
        Assert.All(queue.GetProperty("lanes").EnumerateObject(), lane => Assert.True(lane.Value.GetProperty("oldest_ms").GetInt64() >= 0));
    }

    [Fact]
    public async Task GetQueues_NothingWaits_HasNoAges()
    {
        var model = RedisServer.Unique("empty");
        await _gateway.ServeAsync(model);

        var queue = await ReadAsync(model);

        Assert.Equal(JsonValueKind.Null, queue.GetProperty("oldest_ms").ValueKind);
        Assert.Equal("""{"depth":0,"oldest_ms":null}""", queue.GetProperty("lanes").GetProperty("batch").GetRawText());
    }

    [Fact]
    public async Task GetQueues_JobsWait_SaysTheLoadInNumbers()
    {
        var model = RedisServer.Unique("load");
        await _gateway.ServeAsync(model);
        for (var job = 0; job < 3; job++) await _user.SubmitForIdAsync(model);
        await ReadAsync(model);

        var (_, list) = await _operator.SendAsync(HttpMethod.Get, Path);

        Assert.True(list.GetProperty("load").GetProperty("jobs").GetInt64() >= 3);
        Assert.Equal(JsonValueKind.Number, list.GetProperty("load").GetProperty("oldest_ms").ValueKind);
    }

    [Fact]
    public async Task GetQueues_WorkerLeaves_CountsItNoMore()
    {
        var model = RedisServer.Unique("leaves");
        await _gateway.ServeAsync(model);
        Assert.Equal(1, (await ReadAsync(model)).GetProperty("workers").GetInt32());

        await _gateway.LeaveAsync(model);

        await Poll.UntilAsync(async () => (await ReadAsync(model)).GetProperty("workers").GetInt32() == 0, "the worker is not counted");
    }

    [Fact]
    public async Task GetQueues_JobsEnd_DrainIsMeasured()
    {
        var model = RedisServer.Unique("drain");
        await using var worker = await FakeWorker.StartAsync(_gateway, model);
        var id = await _user.SubmitForIdAsync(model);
        await _user.SendAsync(HttpMethod.Get, $"/v1/jobs/{id}?wait=30");

        await Poll.UntilAsync(async () => (await ReadAsync(model)).GetProperty("drain_per_second").GetDouble() > 0, "the drain is above 0");
    }

    [Fact]
    public async Task PostPause_ThenResume_StopsAndGoesOn()
    {
        var model = RedisServer.Unique("pause");
        await using var worker = await FakeWorker.IdleAsync(_gateway, model);

        var (status, paused) = await _operator.SendAsync(HttpMethod.Post, $"{Path}/{model}/pause");
        Assert.Equal(
            (HttpStatusCode.OK, true, model), (status, paused.GetProperty("paused").GetBoolean(), paused.GetProperty("queue").GetString()));
        // Submits are still accepted.
        var id = await _user.SubmitForIdAsync(model);
        await using (FakeWorker.Start(_gateway, model))
        {
            var (_, waiting) = await _user.SendAsync(HttpMethod.Get, $"/v1/jobs/{id}?wait=0.5");
            Assert.Equal("queued", waiting.GetProperty("status").GetString());
        }

        var (_, resumed) = await _operator.SendAsync(HttpMethod.Post, $"{Path}/{model}/resume");
        Assert.False(resumed.GetProperty("paused").GetBoolean());
        await worker.SucceedAsync(await worker.LeaseAsync());
        var (_, job) = await _user.SendAsync(HttpMethod.Get, $"/v1/jobs/{id}?wait=30");
        Assert.Equal("succeeded", job.GetProperty("status").GetString());
    }

    [Fact]
    public async Task PostPauseAndResume_Twice_ChangeNothingMore()
    {
        var model = RedisServer.Unique("twice");
        await _gateway.ServeAsync(model);

        foreach (var (action, expected) in ((string, bool)[])[("pause", true), ("pause", true), ("resume", false), ("resume", false)])
        {
            var (status, queue) = await _operator.SendAsync(HttpMethod.Post, $"{Path}/{model}/{action}");
            Assert.Equal((HttpStatusCode.OK, expected), (status, queue.GetProperty("paused").GetBoolean()));
        }
    }

    [Fact]
    public async Task PostRequeueDead_DeadLettersOfTenants_WaitAgain()
    {
        await using var strict = await GatewayHost.StartAsync(
            fixture.Redis, [.. fixture.User.Settings, .. fixture.OtherUser.Settings, .. fixture.Operator.Settings, "Jobs:MaxFailures=1"]);
        var model = RedisServer.Unique("dead");
        await using var worker = await FakeWorker.IdleAsync(strict, model);
        using var other = fixture.OtherUser.ClientOf(strict);
        string[] dead = [await _user.SubmitForIdAsync(model), await other.SubmitForIdAsync(model)];
        foreach (var _ in dead) await worker.DieAsync(await worker.LeaseAsync());
        var failed = await _user.SubmitForIdAsync(model);
        await worker.FailAsync(await worker.LeaseAsync(), AiPlatform.Jobs.InferenceErrorKind.ContextLengthExceeded);
        Assert.Equal(2, (await ReadAsync(model)).GetProperty("dead").GetInt64());

        var (status, answer) = await _operator.SendAsync(HttpMethod.Post, $"{Path}/{model}/requeue-dead");

        Assert.Equal((HttpStatusCode.OK, $$"""{"queue":"{{model}}","requeued":2}"""), (status, answer.GetRawText()));
        var queue = await ReadAsync(model);
        Assert.Equal((0, 2), (queue.GetProperty("dead").GetInt64(), queue.GetProperty("depth").GetInt64()));
        // A job whose request is wrong is not a dead letter, because it would fail again.
        Assert.Equal("failed", (await _user.SendAsync(HttpMethod.Get, $"/v1/jobs/{failed}")).Answer.GetProperty("status").GetString());
        var (_, again) = await _operator.SendAsync(HttpMethod.Post, $"{Path}/{model}/requeue-dead");
        Assert.Equal(0, again.GetProperty("requeued").GetInt64());
    }

    [Fact]
    public async Task PostPause_ModelWithASlash_HasItsEscapedQueue()
    {
        var model = $"org/{RedisServer.Unique("slash")}";
        await _gateway.ServeAsync(model);

        var (status, queue) = await _operator.SendAsync(
            HttpMethod.Post, $"{Path}/{model.Replace("/", "_2f", StringComparison.Ordinal)}/pause");

        Assert.Equal((HttpStatusCode.OK, 1), (status, queue.GetProperty("workers").GetInt32()));
        Assert.True((await ReadAsync(queue.GetProperty("queue").GetString()!)).GetProperty("paused").GetBoolean());
    }

    [Theory]
    [InlineData("nobody/pause", "queue_not_found")]
    [InlineData("nobody/resume", "queue_not_found")]
    [InlineData("nobody/requeue-dead", "queue_not_found")]
    [InlineData("UPPER/pause", "queue_not_found")]
    [InlineData("_zz/pause", "queue_not_found")]
    [InlineData("_ff_ff/pause", "queue_not_found")]
    [InlineData("%20/pause", "queue_not_found")]
    [InlineData("m/delete", "not_found")]
    public async Task PostQueue_NoSuchQueue_Answers404(string path, string code) =>
        await _operator.RefusesAsync(HttpMethod.Post, $"{Path}/{path}", HttpStatusCode.NotFound, code);

    [Fact]
    public async Task PostQueue_LongestName_Answers404() =>
        await _operator.RefusesAsync(HttpMethod.Post, $"{Path}/{new string('q', 4_000)}/pause", HttpStatusCode.NotFound, "queue_not_found");

    private async Task<JsonElement> ReadAsync(string queue)
    {
        JsonElement found = default;
        await Poll.UntilAsync(
            async () =>
            {
                var (status, list) = await _operator.SendAsync(HttpMethod.Get, Path);
                Assert.Equal((HttpStatusCode.OK, "list"), (status, list.GetProperty("object").GetString()));
                found = list.GetProperty("data").EnumerateArray().SingleOrDefault(one => one.GetProperty("queue").GetString() == queue);
                return found.ValueKind == JsonValueKind.Object;
            },
            "the queue is listed");
        return found;
    }
}
