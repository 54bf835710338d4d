using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using AiPlatform.Jobs;
using AiPlatform.Jobs.Tasks.Embeddings;
using AiPlatform.Tests.Fixtures;
using AiPlatform.Tests.Gateway.Fixtures;
using StackExchange.Redis;
using Xunit;

namespace AiPlatform.Tests.Gateway;

/// <summary>Answers to callers while Redis is unreachable, hangs, is full or read-only, and afterwards.</summary>
public sealed class OutageTests : IAsyncLifetime
{
    /// <summary>A hung Redis is given up after three seconds; the rest is for a busy machine.</summary>
    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(30);

    private readonly RedisServer _redis = new();
    private GatewayHost _gateway = null!;
    private FakeWorker _worker = null!;

    public async ValueTask InitializeAsync()
    {
        await _redis.InitializeAsync();
        _gateway = await GatewayHost.StartAsync(_redis);
        _worker = await FakeWorker.IdleAsync(_gateway, "m");
        await AssertServesAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await _worker.DisposeAsync();
        await _gateway.DisposeAsync();
        await _redis.DisposeAsync();
    }

    [Fact]
    public async Task AnyCall_RedisStopped_Answers503AndServesAgainAfterItsReturn()
    {
        await _redis.StopAsync();
        await AssertUnavailableAsync();
        await AssertNothingCanBeReadAsync();

        await _redis.StartAsync();
        await AssertServesAsync();
    }

    /// <summary>A reader of events notices the outage only as a pause, and loses no event.</summary>
    [Fact]
    public async Task GetEvents_RedisRestartsInTheMiddle_GoOnWithoutALoss()
    {
        var id = await _gateway.Client.SubmitForIdAsync("m");
        await using var reader = await EventReader.OpenAsync(_gateway.Client, id);
        var leased = await _worker.LeaseAsync();
        await _worker.SayAsync(leased, JobEvent.Output, "1", "2");
        List<ReadEvent> seen = await reader.NextAsync(4);

        await _redis.StopAsync();
        await AssertUnavailableAsync();
        await _redis.StartAsync();
        await Poll.UntilAsync(
            async () =>
            {
                try
                {
                    await _worker.SayAsync(leased, JobEvent.Output, "3");
                    return true;
                }
                catch (QueueUnavailableException)
                {
                    return false;
                }
            },
            "the worker reaches Redis");
        await _worker.SucceedAsync(leased);
        seen.AddRange(await reader.ReadToEndAsync());

        Assert.Equal(["status", "status", "output", "output", "output", "status", "done"], seen.Select(one => one.Kind));
        Assert.Equal(await EventReader.ReadAllAsync(_gateway.Client, id), seen);
    }

    [Fact]
    public async Task AnyCall_RedisHangs_Answers503AndServesAgainAfterwards()
    {
        await _redis.SignalAsync("-STOP");
        await AssertUnavailableAsync();

        await _redis.SignalAsync("-CONT");
        await AssertServesAsync();
    }

    [Fact]
    public async Task AnyCall_RedisFull_Answers503UntilThereIsRoom()
    {
        await ConfigureAsync("maxmemory", "1");
        await AssertUnavailableAsync();

        await ConfigureAsync("maxmemory", "0");
        await AssertServesAsync();
    }

    [Fact]
    public async Task AnyCall_RedisReadOnly_Answers503UntilItIsPrimaryAgain()
    {
        await _redis.Connection.GetDatabase().ExecuteAsync("REPLICAOF", "127.0.0.1", $"{FreePort.Next()}");
        await AssertUnavailableAsync();

        await _redis.Connection.GetDatabase().ExecuteAsync("REPLICAOF", "NO", "ONE");
        await AssertServesAsync();
    }

    public static TheoryData<string, string> Refusals => new() { { "full", "Redis is full" }, { "replica", "read-only replica" } };

    /// <summary>Redis that answers and takes no jobs: the Gateway says so, and what only reads is served on.</summary>
    [Theory]
    [MemberData(nameof(Refusals))]
    public async Task Reading_RedisTakesNoWrites_IsServedAndHealthSaysWhy(string how, string reason)
    {
        await using var provider = await FakeProvider.StartAsync();
        await using var gateway = await GatewayHost.StartAsync(_redis, provider.Settings("Models:gpt:CacheTtl=01:00:00"));
        await gateway.ServeAsync("m");
        var (waiting, ended) = (await gateway.Client.SubmitForIdAsync("m"), await gateway.Client.SubmitForIdAsync("m"));
        await Poll.UntilAsync(async () => await AskAsync(gateway) is { StatusCode: HttpStatusCode.OK }, "the provider answers");
        using (var counted = await gateway.Client.GetAsync("/v1/usage"))
            Assert.Equal(HttpStatusCode.OK, counted.StatusCode);
        await gateway.Client.DeleteAsync($"/v1/jobs/{ended}");

        if (how == "full") await ConfigureAsync("maxmemory", "1");
        else await _redis.Connection.GetDatabase().ExecuteAsync("REPLICAOF", "127.0.0.1", $"{FreePort.Next()}");
        try
        {
            await AssertUnavailableAsync();
            string[] paths =
            [
                "/v1/usage", "/v1/jobs", $"/v1/jobs/{waiting}", $"/v1/jobs/{waiting}?wait=0.2", $"/v1/jobs/{ended}",
                $"/v1/jobs/{ended}/events", "/v1/queues", "/v1/models",
            ];
            foreach (var path in paths)
            {
                using var response = await gateway.Client.GetAsync(path).WaitAsync(Bound);
                Assert.True(response.StatusCode == HttpStatusCode.OK, $"{path}: {await response.Content.ReadAsStringAsync()}");
            }

            var calls = provider.Received.Count;
            using var cached = await AskAsync(gateway);
            Assert.Equal((HttpStatusCode.OK, calls), (cached.StatusCode, provider.Received.Count));

            using var health = await gateway.Client.GetAsync("/health");
            var body = await health.Content.ReadAsStringAsync();
            Assert.Equal(HttpStatusCode.OK, health.StatusCode);
            Assert.Contains("\"status\":\"Degraded\"", body, StringComparison.Ordinal);
            Assert.Contains(reason, body, StringComparison.Ordinal);
        }
        finally
        {
            await ConfigureAsync("maxmemory", "0");
            await _redis.Connection.GetDatabase().ExecuteAsync("REPLICAOF", "NO", "ONE");
        }

        await AssertServesAsync();
    }

    /// <summary>A job's record in Redis is damaged: callers that wait for the job or read it are told, and operators see it.</summary>
    [Theory]
    [InlineData("1\tx")]
    [InlineData("\0\u0001")]
    [InlineData("")]
    public async Task AnyCall_DamagedJob_SaysSo(string record)
    {
        var id = await _gateway.Client.SubmitForIdAsync("m");
        await DamageAsync(id);
        using var job = await _gateway.Client.GetAsync($"/v1/jobs/{id}");
        using var events = await _gateway.Client.GetAsync($"/v1/jobs/{id}/events");
        using var again = await _gateway.Client.PostAsync($"/v1/jobs/{id}/retry", content: null);
        var waited = _gateway.PostAsync("/v1/embeddings", new { model = "m", input = "a" });
        var leased = await _worker.LeaseAsync();
        await DamageAsync(leased.Id.ToString());
        await _redis.Connection.GetDatabase().SortedSetAddAsync("ai:{m}:leases", leased.Id.Key, 1);
        using var answer = await waited.WaitAsync(Bound);
        var queues = await _gateway.Client.GetFromJsonAsync<JsonElement>("/v1/queues");

        Assert.Equal(
            (HttpStatusCode.OK, HttpStatusCode.OK, HttpStatusCode.Conflict), (job.StatusCode, events.StatusCode, again.StatusCode));
        Assert.Contains("\"status\":\"failed\"", await job.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, answer.StatusCode);
        foreach (var said in new[] { job, events, answer })
            Assert.Contains("damaged", await said.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        Assert.Equal(2, queues.GetProperty("data").EnumerateArray().Single(queue => queue.GetProperty("queue").GetString() == "m").GetProperty("broken").GetInt32());
        await AssertServesAsync();

        Task DamageAsync(string job) => _redis.Connection.GetDatabase().StringSetAsync($"ai:{{m}}:job:{job[4..30]}", record);
    }

    private static Task<HttpResponseMessage> AskAsync(GatewayHost gateway) => gateway.PostAsync(
        "/v1/chat/completions", new { model = "gpt", messages = new[] { new { role = "user", content = "hi" } }, temperature = 0 });

    [Fact]
    public async Task Models_RedisStopped_AreStillListed()
    {
        await _redis.StopAsync();

        using var list = await _gateway.Client.GetAsync("/v1/models");
        using var unknown = await _gateway.PostAsync("/v1/embeddings", new { model = "unknown", input = "a" });
        using var alive = await _gateway.Client.GetAsync("/alive");
        var health = await _gateway.Client.GetFromJsonAsync<JsonElement>("/health");

        Assert.Contains("\"m\"", await list.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        // Whether it is served cannot be known: this is not a 404.
        Assert.Equal(HttpStatusCode.ServiceUnavailable, unknown.StatusCode);
        Assert.Equal(HttpStatusCode.OK, alive.StatusCode);
        Assert.Equal("Degraded", health.GetProperty("status").GetString());
    }

    [Fact]
    public async Task Gateway_StartedWithoutRedis_Answers503AndServesOnceItIsThere()
    {
        await using var redis = new RedisServer();
        await using var gateway = await GatewayHost.StartAsync(redis);

        using var early = await gateway.PostAsync("/v1/embeddings", new { model = "m", input = "a" });
        using var models = await gateway.Client.GetAsync("/v1/models");
        Assert.Equal((HttpStatusCode.ServiceUnavailable, HttpStatusCode.ServiceUnavailable), (early.StatusCode, models.StatusCode));

        await redis.StartAsync();
        await Poll.UntilAsync(
            async () =>
            {
                try
                {
                    await gateway.ServeAsync("m");
                    return true;
                }
                catch (QueueUnavailableException)
                {
                    return false;
                }
            },
            "the Gateway reaches Redis");
        await using var worker = await FakeWorker.StartAsync(gateway, "m");
        await Poll.UntilAsync(
            async () => (await gateway.PostAsync("/v1/embeddings", new { model = "m", input = "a" })).StatusCode == HttpStatusCode.OK,
            "the Gateway serves");
    }

    /// <summary>The notification of the end cannot come, because its publisher is gone. The waiter finds the end by polling.</summary>
    [Fact]
    public async Task PostEmbeddings_RedisRestartsWhileItWaits_StillAnswers()
    {
        var answering = _gateway.PostAsync("/v1/embeddings", new { model = "m", input = "a" });
        var leased = await _worker.LeaseAsync();

        await _redis.StopAsync();
        await _redis.StartAsync();
        await Poll.UntilAsync(
            async () =>
            {
                try
                {
                    return await _worker.SucceedAsync(leased);
                }
                catch (QueueUnavailableException)
                {
                    return false;
                }
            },
            "the result is committed");
        using var response = await answering;

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
    }

    /// <summary>A job that ends without a notification, because its watchers were deleted.</summary>
    [Fact]
    public async Task PostEmbeddings_MessageLost_StillAnswers()
    {
        var answering = _gateway.PostAsync("/v1/embeddings", new { model = "m", input = "a" });
        var leased = await _worker.LeaseAsync();

        var database = _redis.Connection.GetDatabase();
        var record = (string)(await database.StringGetAsync($"ai:{{m}}:job:{leased.Id.Key}"))!;
        await database.StringSetAsync($"ai:{{m}}:job:{leased.Id.Key}", System.Text.RegularExpressions.Regex.Replace(record, "\tw=[^\n]*", ""));
        Assert.True(await _worker.SucceedAsync(leased));
        using var response = await answering;

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
    }

    [Fact]
    public async Task PostEmbeddings_RedisLosesItsData_Answers503()
    {
        var answering = _gateway.PostAsync("/v1/embeddings", new { model = "m", input = "a" });
        await _worker.LeaseAsync();

        await _redis.Connection.GetDatabase().ExecuteAsync("FLUSHALL");
        using var response = await answering;

        Assert.Equal(HttpStatusCode.ServiceUnavailable, response.StatusCode);
    }

    [Fact]
    public async Task Listener_UnreadableMessage_GoesOn()
    {
        var name = _gateway.Services.GetService(typeof(AiPlatform.Gateway.Results.GatewayName))!.ToString();
        foreach (var noise in (string[])["", "x", "\n", "a b c d e\nf", "m 00000000000000000000000000 running 1 x\ny", "ended m\n\0 1 99\n", "events m x 99999999999999999999\n"])
        {
            await _redis.Connection.GetSubscriber().PublishAsync(
                new RedisChannel($"ai:gateway:{name}", RedisChannel.PatternMode.Literal), noise);
        }

        await AssertServesAsync();
        using var alive = await _gateway.Client.GetAsync("/alive");
        Assert.Equal(HttpStatusCode.OK, alive.StatusCode);
    }

    [Fact]
    public async Task AnyCall_QueueFull_Answers429()
    {
        await using var small = await GatewayHost.StartAsync(_redis, "Jobs:MaxQueueDepth=1");
        await small.ServeAsync("full");
        object job = new { endpoint = EmbeddingTask.Endpoint, body = new { model = "full", input = "a" } };
        using var first = await small.PostAsync("/v1/jobs", job);
        Assert.Equal(HttpStatusCode.Accepted, first.StatusCode);

        using var native = await small.PostAsync("/v1/jobs", job);
        using var openAI = await small.PostAsync("/v1/embeddings", new { model = "full", input = "a" });

        await AssertRefusedAsync(native, HttpStatusCode.TooManyRequests, "queue_full");
        await AssertRefusedAsync(openAI, HttpStatusCode.TooManyRequests, "rate_limit_exceeded");
    }

    [Fact]
    public async Task AnyCall_TenantHasItsLimitOfWaitingJobs_Answers429AndOthersAreServed()
    {
        TestKey busy = new("busy"), other = new("other");
        await using var small = await GatewayHost.StartAsync(_redis, [.. busy.Settings, .. other.Settings, "Jobs:MaxQueuedPerTenant=1"]);
        await small.ServeAsync("full");
        object job = new { endpoint = EmbeddingTask.Endpoint, body = new { model = "full", input = "a" } };
        using HttpClient client = busy.ClientOf(small), otherClient = other.ClientOf(small);
        await client.SubmitForIdAsync("full");

        using var native = await client.PostAsJsonAsync("/v1/jobs", job);
        using var openAI = await client.PostAsJsonAsync("/v1/embeddings", new { model = "full", input = "a" });

        await AssertRefusedAsync(native, HttpStatusCode.TooManyRequests, "tenant_queue_full");
        await AssertRefusedAsync(openAI, HttpStatusCode.TooManyRequests, "rate_limit_exceeded");
        await otherClient.SubmitForIdAsync("full");
    }

    private async Task AssertServesAsync()
    {
        await using var running = FakeWorker.Start(_gateway, "m");
        await Poll.UntilAsync(
            async () =>
            {
                using var response = await _gateway.PostAsync("/v1/embeddings", new { model = "m", input = "a" });
                return response.StatusCode == HttpStatusCode.OK;
            },
            "the Gateway serves");
    }

    private async Task AssertUnavailableAsync()
    {
        using var openAI = await _gateway.PostAsync("/v1/embeddings", new { model = "m", input = "a" }).WaitAsync(Bound);
        using var native = await _gateway.PostAsync("/v1/jobs", new { endpoint = EmbeddingTask.Endpoint, body = new { model = "m", input = "a" } }).WaitAsync(Bound);

        await AssertRefusedAsync(openAI, HttpStatusCode.ServiceUnavailable, "queue_unavailable");
        await AssertRefusedAsync(native, HttpStatusCode.ServiceUnavailable, "queue_unavailable");
    }

    private async Task AssertNothingCanBeReadAsync()
    {
        const string Job = "/v1/jobs/job_00000000000000000000000000.m";
        (HttpMethod Method, string Path)[] calls =
        [
            (HttpMethod.Get, "/v1/jobs"), (HttpMethod.Get, Job), (HttpMethod.Get, $"{Job}?wait=60"), (HttpMethod.Delete, Job), (HttpMethod.Post, $"{Job}/retry"),
            (HttpMethod.Get, $"{Job}/events"), (HttpMethod.Get, "/v1/queues"), (HttpMethod.Post, "/v1/queues/m/pause"),
            (HttpMethod.Get, "/v1/workers"),
            (HttpMethod.Post, "/v1/queues/m/resume"), (HttpMethod.Post, "/v1/queues/m/requeue-dead"),
        ];
        foreach (var (method, path) in calls)
        {
            using var response = await _gateway.Client.SendAsync(new HttpRequestMessage(method, path)).WaitAsync(Bound);
            await AssertRefusedAsync(response, HttpStatusCode.ServiceUnavailable, "queue_unavailable");
        }
    }

    private static async Task AssertRefusedAsync(HttpResponseMessage response, HttpStatusCode status, string code)
    {
        var body = await response.Content.ReadFromJsonAsync<JsonElement>();
        Assert.Equal(status, response.StatusCode);
        Assert.True(int.Parse(response.Headers.GetValues("Retry-After").Single(), System.Globalization.CultureInfo.InvariantCulture) >= 1);
        if (body.TryGetProperty("error", out var error))
        {
            Assert.Equal(code, error.GetProperty("code").GetString());
        }
        else
        {
            Assert.Equal(code, body.GetProperty("code").GetString());
            Assert.True(body.GetProperty("retryable").GetBoolean());
        }
    }

    private async Task ConfigureAsync(string name, string value) =>
        await _redis.Connection.GetDatabase().ExecuteAsync("CONFIG", "SET", name, value);
}
