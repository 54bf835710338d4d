using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Http.Json;
using System.Net.Sockets;
using System.Text.Json;
using AiPlatform.Tests.Fixtures;
using AiPlatform.Tests.InferenceWorker.Fixtures;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Xunit;

namespace AiPlatform.Tests.AppHost;

/// <summary>Systems that start their own Redis, as a process, and the commands that change a system.</summary>
[Trait("Category", "Long")]
public sealed class AppHostManyTests : IDisposable
{
    private const string Model = "all-minilm-l6-v2";
    private const int UsualPort = 8080;

    private readonly TemporaryFolder _data = new();

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private string[] OwnRedis => ["--Redis:Start=process", $"--AI_DATA_DIR={_data.Path}"];

    public void Dispose() => _data.Dispose();

    [Fact]
    public async Task Start_TwiceBesideAnotherProgram_EachActsOnItself()
    {
        using var other = Other();
        await using var first = await RunningHost.StartAsync(OwnRedis);
        string job, redis;
        await using (var second = await RunningHost.StartAsync(OwnRedis))
        {
            Assert.Equal(3, new HashSet<int> { first.Address.Port, second.Address.Port, UsualPort }.Count);

            foreach (var sut in (RunningHost[])[first, second])
                Assert.Contains("succeeded", (await sut.PressAsync("gateway", "sample-job")).Message, StringComparison.Ordinal);
            await first.PressAsync("gateway", "pause", ("queue", Model));

            Assert.True((await first.QueuesAsync())[Model].GetProperty("paused").GetBoolean());
            Assert.False((await second.QueuesAsync())[Model].GetProperty("paused").GetBoolean());
            Assert.Equal(["1", "2"], Directory.GetDirectories(Path.Combine(_data.Path, "aspire")).Select(Path.GetFileName).Order());
            using var submitted = await first.Http.PostAsJsonAsync(
                "/v1/jobs", new { endpoint = "/v1/embeddings", body = new { model = Model, input = "kept" } }, Ct);
            job = (await submitted.Content.ReadFromJsonAsync<JsonElement>(Ct)).GetProperty("id").GetString()!;
            redis = first.PropertyOf("redis", "executable.pid")!;
        }

        await first.DisposeAsync();
        Assert.False(IsAlive(redis), "Redis runs on.");
        Assert.False(other?.Pending() ?? false, "Something was sent to the other program.");

        // The next run takes the first folder again, where the job waits in its paused queue.
        await using var third = await RunningHost.StartAsync(OwnRedis);
        Assert.Equal("queued", (await third.Http.GetFromJsonAsync<JsonElement>($"/v1/jobs/{job}", Ct)).GetProperty("status").GetString());
        await third.PressAsync("gateway", "resume", ("queue", Model));
        var ended = await third.Http.GetFromJsonAsync<JsonElement>($"/v1/jobs/{job}?wait=30", Ct);
        Assert.Equal("succeeded", ended.GetProperty("status").GetString());
    }

    [Fact]
    public async Task MakeKey_FirstOne_IsNeededFromThenOn()
    {
        await using var sut = await RunningHost.StartAsync([.. OwnRedis, "--Gateway:Replicas=2"]);

        var refused = await sut.TryAsync("gateway", "make-key", ("tenant", "not a name"), ("role", "user"), ("expires", null));
        Assert.Equal(
            (false, "A tenant's name has 1 to 64 characters of A-Z, a-z, 0-9, '.', '_' and '-'; 'not a name' has not."),
            (refused.Success, refused.Message));
        refused = await sut.TryAsync("gateway", "make-key", ("tenant", "search"), ("role", "user"), ("expires", "soon"));
        Assert.Equal(
            (false, "Expires takes a day or a time to come (UTC), such as 2027-01-31T12:00:00Z, not 'soon'."),
            (refused.Success, refused.Message));
        var made = await sut.PressAsync("gateway", "make-key", ("tenant", "search"), ("role", "user"), ("expires", "2999-01-01"));

        await Poll.UntilAsync(async () => await StatusAsync(sut) == HttpStatusCode.Unauthorized, "strangers are refused");
        sut.UseKey(made.Data!.Value);
        await Poll.UntilAsync(
            async () =>
            {
                var statuses = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => StatusAsync(sut)));
                return statuses.All(status => status == HttpStatusCode.OK);
            },
            "both Gateways know the key");
        Assert.Contains("succeeded", (await sut.PressAsync("gateway", "sample-job")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Drain_OneOfTwoWorkers_EndsItInGoodOrder()
    {
        await using var sut = await RunningHost.StartAsync([.. OwnRedis, "--Inference:Replicas=2"]);
        await Poll.UntilAsync(async () => await WorkersAsync() == 2, "both workers serve");
        var workers = await sut.ReplicasOfAsync("inference", 2);
        var worker = workers[0];
        var process = sut.PropertyOf(worker, "executable.pid")!;

        await sut.PressAsync(worker, "drain");

        Assert.False(IsAlive(process), "It runs on.");
        Assert.Equal("Running", sut.StateOf(workers[1]));
        await Poll.UntilAsync(async () => await WorkersAsync() == 1, "one worker serves");
        Assert.Contains("succeeded", (await sut.PressAsync("gateway", "sample-job")).Message, StringComparison.Ordinal);
        await sut.PressAsync(worker, "start");
        await Poll.UntilAsync(async () => await WorkersAsync() == 2, "both workers serve again");

        async Task<int> WorkersAsync() =>
            (await sut.QueuesAsync()).TryGetValue(Model, out var queue) ? queue.GetProperty("workers").GetInt32() : 0;
    }

    [Fact]
    public async Task Scale_UpAndDown_StartsAndDrainsWorkers()
    {
        await using var sut = await RunningHost.StartAsync([.. OwnRedis, "--Inference:MaxReplicas=3"]);
        await Poll.UntilAsync(async () => await WorkersAsync() == 1, "one worker serves");
        Assert.All(await sut.ReplicasOfAsync("inference-spare", 2), spare => Assert.Equal("NotStarted", sut.StateOf(spare)));

        Assert.Equal("2 started: 3 of 3 workers run.", (await sut.PressAsync("inference", "scale", ("workers", "3"))).Message);
        await Poll.UntilAsync(async () => await WorkersAsync() == 3, "three workers serve");
        Assert.Equal("3 of 3 workers run already.", (await sut.PressAsync("inference", "scale", ("workers", "3"))).Message);
        var spares = await sut.ReplicasOfAsync("inference-spare", 2);
        await sut.PressAsync(spares[1], "drain");
        await Poll.UntilAsync(async () => await WorkersAsync() == 2, "a spare worker has ended");
        Assert.Equal("1 started: 3 of 3 workers run.", (await sut.PressAsync("inference", "scale", ("workers", "3"))).Message);
        await Poll.UntilAsync(async () => await WorkersAsync() == 3, "three workers serve again");
        Assert.Equal("2 drained: 1 of 3 workers run.", (await sut.PressAsync("inference", "scale", ("workers", "1"))).Message);

        await Poll.UntilAsync(async () => await WorkersAsync() == 1, "one worker is left");
        var refused = await sut.TryAsync("inference", "scale", ("workers", "4"));
        Assert.Equal((false, "'4' is not a number from 1 to 3 (Inference:MaxReplicas)."), (refused.Success, refused.Message));
        Assert.Contains("succeeded", (await sut.PressAsync("gateway", "sample-job")).Message, StringComparison.Ordinal);

        async Task<int> WorkersAsync() =>
            (await sut.QueuesAsync()).TryGetValue(Model, out var queue) ? queue.GetProperty("workers").GetInt32() : 0;
    }

    [Fact]
    public async Task Health_WithoutAWorkerOrRedis_IsNotShownAsHealthy()
    {
        await using var sut = await RunningHost.StartAsync(OwnRedis);
        await sut.UntilHealthAsync("ai", HealthStatus.Healthy);

        await sut.PressAsync("inference", "drain");
        await sut.UntilHealthAsync("ai", HealthStatus.Unhealthy);
        await sut.UntilHealthAsync("gateway", HealthStatus.Degraded);
        await sut.PressAsync("inference", "start");
        await sut.UntilHealthAsync("ai", HealthStatus.Healthy);
        await sut.UntilHealthAsync("gateway", HealthStatus.Healthy);

        await sut.PressAsync("redis", "stop");
        await sut.UntilHealthAsync("gateway", HealthStatus.Degraded);
        await sut.UntilHealthAsync("ai", HealthStatus.Unhealthy);
    }

    [Fact]
    public async Task AddModel_FromAFolder_IsServedByAll()
    {
        using var models = new ModelCommands();
        var first = HubFolders.Classifier(models.Sources, "first");
        Assert.Equal(0, models.Run("add", first).ExitCode);
        await using var sut = await RunningHost.StartAsync(
            [.. OwnRedis, $"--Models:Path={models.Models}", "--Inference:Replicas=2", "--Gateway:Replicas=2"]);

        Assert.False((await AddAsync(Path.Combine(models.Sources, "nowhere"))).Success);
        var added = await AddAsync(HubFolders.Classifier(models.Sources, "second"));

        Assert.True(added.Success, added.Message);
        Assert.Contains("second", added.Data!.Value, StringComparison.Ordinal);
        await Poll.UntilAsync(
            async () => (await sut.QueuesAsync()).TryGetValue("second", out var queue) && queue.GetProperty("workers").GetInt32() == 2,
            "both workers serve it");

        Task<Aspire.Hosting.ApplicationModel.ExecuteCommandResult> AddAsync(string folder) => sut.TryAsync(
            "inference", "add-model", ("folder", folder), ("name", null), ("link", "false"), ("replace", "false"));
    }

    /// <summary>Somebody else at the port of <c>./ai up</c>; null where there is one already.</summary>
    private static TcpListener? Other()
    {
        var listener = new TcpListener(IPAddress.Loopback, UsualPort);
        try
        {
            listener.Start();
            return listener;
        }
        catch (SocketException)
        {
            listener.Dispose();
            return null;
        }
    }

    private static async Task<HttpStatusCode> StatusAsync(RunningHost sut)
    {
        using var reply = await sut.Http.GetAsync("/v1/models", Ct);
        return reply.StatusCode;
    }

    private static bool IsAlive(string id)
    {
        try
        {
            using var process = Process.GetProcessById(int.Parse(id, CultureInfo.InvariantCulture));
            return !process.HasExited;
        }
        catch (ArgumentException)
        {
            return false;
        }
    }
}
