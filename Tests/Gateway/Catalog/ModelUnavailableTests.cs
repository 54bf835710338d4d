using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using AiPlatform.Jobs.Catalog;
using AiPlatform.Tests.Fixtures;
using AiPlatform.Tests.Gateway.Fixtures;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace AiPlatform.Tests.Gateway.Catalog;

/// <summary>Models that are known, but that no worker serves at the moment.</summary>
public sealed class ModelUnavailableTests(ModelUnavailableTests.ImpatientGateway fixture)
    : IClassFixture<ModelUnavailableTests.ImpatientGateway>
{
    private readonly GatewayHost _gateway = fixture.Gateway;

    [Fact]
    public async Task PostEmbeddings_NoWorkerLives_Is503WithRetryAfterAndLeavesNoJob()
    {
        var model = await LeftAsync();

        using var response = await _gateway.PostAsync("/v1/embeddings", new { model, input = "a" });

        Assert.Equal(HttpStatusCode.ServiceUnavailable, response.StatusCode);
        Assert.Equal("model_unavailable", await CodeAsync(response));
        Assert.NotNull(response.Headers.RetryAfter?.Delta);
        var jobs = await _gateway.Client.GetFromJsonAsync<JsonElement>($"/v1/jobs?model={model}");
        Assert.Equal(0, jobs.GetProperty("data").GetArrayLength());
    }

    [Fact]
    public async Task PostEmbeddings_WorkerComesDuringTheWait_IsAnswered()
    {
        await using var patient = await GatewayHost.StartAsync(fixture.Redis, "Gateway:WorkerWait=00:01:00");
        var model = await LeftAsync();
        await Poll.UntilAsync(
            async () => (await patient.Client.GetFromJsonAsync<JsonElement>($"/v1/models/{model}")).TryGetProperty("available", out _),
            "this Gateway knows it, too");

        var calling = patient.PostAsync("/v1/embeddings", new { model, input = "a" });
        await using var worker = await FakeWorker.StartAsync(_gateway, model);
        using var response = await calling;

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
    }

    [Fact]
    public async Task PostJobs_NoWorkerLives_TheJobWaits()
    {
        var model = await LeftAsync();

        var job = await _gateway.Client.SubmitAsync(model);

        Assert.Equal("queued", job.GetProperty("status").GetString());
    }

    [Fact]
    public async Task PostEmbeddings_WorkerLeavesWhileTheCallWaits_Is503AndTheJobIsCanceled()
    {
        var model = RedisServer.Unique("leaves");
        await using var worker = await FakeWorker.IdleAsync(_gateway, model);

        var calling = _gateway.PostAsync("/v1/embeddings", new { model, input = "a" });
        var id = await OnlyJobAsync(model);
        await _gateway.LeaveAsync(model);
        using var response = await calling;

        Assert.Equal(HttpStatusCode.ServiceUnavailable, response.StatusCode);
        Assert.Equal("model_unavailable", await CodeAsync(response));
        Assert.Equal("canceled", (await _gateway.GetJobAsync(id)).GetProperty("status").GetString());
    }

    /// <summary>A worker that drains, or whose heartbeats are late, still delivers the jobs that it leased.</summary>
    [Fact]
    public async Task PostEmbeddings_WorkerLeavesWhileItRunsTheCall_IsAnswered()
    {
        var model = RedisServer.Unique("drains");
        await using var worker = await FakeWorker.IdleAsync(_gateway, model);
        var calling = _gateway.PostAsync("/v1/embeddings", new { model, input = "a" });
        var leased = await worker.LeaseAsync();
        await _gateway.LeaveAsync(model);

        // One that waits is given up meanwhile.
        await Poll.UntilAsync(
            async () =>
            {
                using var other = await _gateway.PostAsync("/v1/embeddings", new { model, input = "b" });
                return other.StatusCode == HttpStatusCode.ServiceUnavailable;
            },
            "the Gateway knows that nobody serves the model");
        Assert.True(await worker.SucceedAsync(leased));
        using var response = await calling;

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
    }

    [Fact]
    public async Task PostEmbeddings_NoWorkerLives_LeavesTheIdempotencyKeyFree()
    {
        var model = await LeftAsync();
        var key = RedisServer.Unique("key");
        using var refused = await SendAsync(model, key, "a");
        await using var worker = await FakeWorker.StartAsync(_gateway, model);

        using var other = await SendAsync(model, key, "b");

        Assert.Equal(HttpStatusCode.ServiceUnavailable, refused.StatusCode);
        Assert.Equal(HttpStatusCode.OK, other.StatusCode);
    }

    [Fact]
    public async Task GetModels_NoWorkerLives_SaysSoAndNamesWhatCouldNotBeLoaded()
    {
        var model = await LeftAsync();
        var folder = RedisServer.Unique("folder");
        await FailAsync(folder, "model.json: not valid JSON");

        JsonElement list = default;
        await Poll.UntilAsync(
            async () =>
            {
                list = await _gateway.Client.GetFromJsonAsync<JsonElement>("/v1/models");
                return list.GetProperty("failures").EnumerateArray().Any(one => one.GetProperty("folder").GetString() == folder);
            },
            "the failure is listed");

        var failure = list.GetProperty("failures").EnumerateArray().Single(one => one.GetProperty("folder").GetString() == folder);
        Assert.Equal("model.json: not valid JSON", failure.GetProperty("reason").GetString());
        var item = list.GetProperty("data").EnumerateArray().Single(one => one.GetProperty("id").GetString() == model);
        Assert.False(item.GetProperty("available").GetBoolean());
    }

    [Fact]
    public async Task GetModels_CallerIsNoOperator_SaysNothingOfFolders()
    {
        var (user, ops) = (new TestKey("user-1"), new TestKey("ops", "operator"));
        await using var keyed = await GatewayHost.StartAsync(fixture.Redis, [.. user.Settings, .. ops.Settings]);
        await FailAsync(RedisServer.Unique("hidden"), "broken");
        using var userClient = user.ClientOf(keyed);
        using var opsClient = ops.ClientOf(keyed);

        await Poll.UntilAsync(async () => await FailuresAsync(opsClient) > 0, "operators are told");

        Assert.Equal(0, await FailuresAsync(userClient));

        static async Task<int> FailuresAsync(HttpClient client) =>
            (await client.GetFromJsonAsync<JsonElement>("/v1/models")).GetProperty("failures").GetArrayLength();
    }

    /// <summary>Before the catalog has been read, the models are unknown, so a Gateway is not ready.</summary>
    [Fact]
    public async Task GetHealth_AsSoonAsItIsReady_ModelsAreListed()
    {
        var model = RedisServer.Unique("known");
        await _gateway.ServeAsync(model);

        await using var starting = await GatewayHost.StartAsync(fixture.Redis);
        await starting.UntilReadyAsync();
        var list = await starting.Client.GetFromJsonAsync<JsonElement>("/v1/models");

        Assert.Contains(list.GetProperty("data").EnumerateArray(), one => one.GetProperty("id").GetString() == model);
        Assert.Contains("models are known", await starting.Client.GetStringAsync("/health"), StringComparison.Ordinal);
    }

    /// <summary>A model that is known, and whose only worker has left, as this Gateway knows.</summary>
    private async Task<string> LeftAsync()
    {
        var model = RedisServer.Unique("left");
        await _gateway.ServeAsync(model);
        await _gateway.LeaveAsync(model);
        await Poll.UntilAsync(
            async () => (await _gateway.Client.GetFromJsonAsync<JsonElement>($"/v1/models/{model}")).TryGetProperty("available", out _),
            "the Gateway knows that the worker has left");
        return model;
    }

    private Task FailAsync(string folder, string reason) => _gateway.Services.GetRequiredService<IWorkerCatalog>().BeatAsync(
        new WorkerHeartbeat
        {
            Worker = $"worker-of-{folder}",
            Host = "test",
            ProcessId = 1,
            Device = "cpu",
            StartedAt = DateTimeOffset.UnixEpoch,
            Models = [],
            Failures = [ModelFailure.Of(folder, reason)],
        },
        [],
        CancellationToken.None);

    private async Task<string> OnlyJobAsync(string model)
    {
        string? id = null;
        await Poll.UntilAsync(
            async () =>
            {
                var jobs = await _gateway.Client.GetFromJsonAsync<JsonElement>($"/v1/jobs?model={model}");
                id = jobs.GetProperty("data").EnumerateArray().Select(job => job.GetProperty("id").GetString()).SingleOrDefault();
                return id is not null;
            },
            "the call is a job");
        return id!;
    }

    private Task<HttpResponseMessage> SendAsync(string model, string key, string input)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, "/v1/embeddings") { Content = JsonContent.Create(new { model, input }) };
        request.Headers.Add("Idempotency-Key", key);
        return _gateway.Client.SendAsync(request);
    }

    private static async Task<string?> CodeAsync(HttpResponseMessage response) =>
        (await response.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("error").GetProperty("code").GetString();

    /// <summary>A Gateway whose calls wait for a worker only for a moment.</summary>
    public sealed class ImpatientGateway : IAsyncLifetime
    {
        private GatewayHost? _gateway;

        public RedisServer Redis { get; } = new();

        internal GatewayHost Gateway => _gateway ?? throw new InvalidOperationException("The fixture is not initialized.");

        public async ValueTask InitializeAsync()
        {
            await Redis.InitializeAsync();
            _gateway = await GatewayHost.StartAsync(Redis, "Gateway:WorkerWait=00:00:00.200");
        }

        public async ValueTask DisposeAsync()
        {
            if (_gateway is not null) await _gateway.DisposeAsync();
            await Redis.DisposeAsync();
        }
    }
}
