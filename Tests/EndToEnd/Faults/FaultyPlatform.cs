using AiPlatform.Jobs;
using AiPlatform.Tests.Fixtures;

namespace AiPlatform.Tests.EndToEnd.Faults;

/// <summary>Redis, two Gateways and two workers as real processes, and what is done to them.</summary>
internal sealed class FaultyPlatform : IAsyncDisposable
{
    public static readonly TimeSpan Lease = TimeSpan.FromSeconds(2);
    public static readonly QueueName Queue = QueueName.ForModel(Platform.Model);

    private readonly FaultRun _run;
    private readonly HttpClient _health = new();

    private FaultyPlatform(FaultRun run, RedisServer redis, TimeSpan resultTtl)
    {
        (string, string)[] settings =
        [
            ("ConnectionStrings__redis", redis.ConnectionString), ("Models__Path", Checkout.Models), ("Models__Threads", "1"),
            ("Jobs__LeaseDuration", $"{Lease}"), ("Jobs__MaxLostLeases", "200"), ("Jobs__SweepInterval", "00:00:00.200"),
            ("Jobs__PollInterval", "00:00:00.500"), ("Jobs__RetryDelay", "00:00:00.200"), ("Jobs__ResultTtl", $"{resultTtl}"),
            ("Jobs__EventsTtl", "00:00:05"), ("Jobs__DeadLetterTtl", $"{resultTtl}"),
        ];
        _run = run;
        Redis = redis;
        Gateways = [.. Enumerable.Range(0, 2).Select(i => new RestartedProcess($"Gateway-{i}", "Gateway", settings, _health, run))];
        Workers = [.. Enumerable.Range(0, 2).Select(i => new RestartedProcess($"InferenceWorker-{i}", "InferenceWorker", settings, _health, run))];
    }

    public RedisServer Redis { get; }

    public IReadOnlyList<RestartedProcess> Gateways { get; }

    public IReadOnlyList<RestartedProcess> Workers { get; }

    private IEnumerable<RestartedProcess> Processes => [.. Workers, .. Gateways];

    /// <param name="run">Where is written down what happens.</param>
    /// <param name="flush">Redis' <c>appendfsync</c>.</param>
    /// <param name="resultTtl">How long ended jobs are kept.</param>
    public static async Task<FaultyPlatform> StartAsync(FaultRun run, string flush, TimeSpan resultTtl)
    {
        // The file is never rewritten: it is read afterwards as the record of every write.
        var redis = RedisServer.With("--appendfsync", flush, "--auto-aof-rewrite-percentage", "0");
        var platform = new FaultyPlatform(run, redis, resultTtl);
        await redis.InitializeAsync();
        await Task.WhenAll(platform.Processes.Select(process => process.StartAsync()));
        return platform;
    }

    /// <summary>Does what the plan says until it ends or was enough; then waits until everything is ready again.</summary>
    public async Task SufferAsync(IEnumerable<Fault> plan, CancellationToken enough)
    {
        foreach (var fault in plan)
        {
            await Task.Delay(fault.Pause, TimeProvider.System, enough).ContinueWith(static _ => { }, TaskScheduler.Default);
            if (enough.IsCancellationRequested) break;
            await SufferAsync(fault);
        }

        await Task.WhenAll(Processes.Select(process => process.Back));
    }

    /// <summary>Sends SIGTERM to all processes but Redis.</summary>
    public Task EndAsync() => Task.WhenAll(Processes.Select(process => process.EndAsync()));

    /// <summary>Writes the log of each process.</summary>
    public void WriteLogs(string folder)
    {
        Directory.CreateDirectory(folder);
        foreach (var process in Processes) process.WriteLogs(folder);
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var process in Processes) await process.DisposeAsync();
        await Redis.DisposeAsync();
        _health.Dispose();
    }

    private async Task SufferAsync(Fault fault)
    {
        _run.Count($"{fault.Kind}");
        switch (fault.Kind)
        {
            case FaultKind.KillWorker:
                await (await VictimAsync(Workers, fault.Victim)).KillAsync(fault.Downtime);
                break;
            case FaultKind.StopWorker:
                await (await VictimAsync(Workers, fault.Victim)).StopInItsTracksAsync(fault.Downtime);
                break;
            case FaultKind.KillGateway:
                await (await VictimAsync(Gateways, fault.Victim)).KillAsync(fault.Downtime);
                break;
            case FaultKind.KillRedis:
                await KillRedisAsync(fault.Downtime);
                break;
            case FaultKind.KillRedisAndLoseWrites:
                await KillRedisAndLoseWritesAsync(fault);
                break;
        }
    }

    /// <summary>The wanted process, or another one of its kind while it is not back from an earlier fault: work must go on.</summary>
    private static async Task<RestartedProcess> VictimAsync(IReadOnlyList<RestartedProcess> kind, int wanted)
    {
        await Task.WhenAny(kind.Select(one => one.Back));
        var victim = kind[wanted].Back.IsCompleted ? kind[wanted] : kind.First(one => one.Back.IsCompleted);
        await victim.Back;
        return victim;
    }

    private async Task KillRedisAsync(TimeSpan downtime)
    {
        _run.Note($"Redis is killed, for {downtime.TotalSeconds:0.0} s");
        await Redis.KillAsync();
        await Task.Delay(downtime, TimeProvider.System);
        await Redis.StartAsync();
        _run.Note("Redis serves again");
    }

    private async Task KillRedisAndLoseWritesAsync(Fault fault)
    {
        var from = TimeProvider.System.GetUtcNow();
        var file = new FileInfo(AppendOnlyFile.PathIn(Redis.Folder));
        var safe = file.Length;
        await Task.Delay(TimeSpan.FromSeconds(1), TimeProvider.System);
        await Redis.KillAsync();
        file.Refresh();
        var written = file.Length;
        var kept = new SeededNumbers((int)fault.Downtime.Ticks).Between(safe, written);
        using (var stream = file.Open(FileMode.Open, FileAccess.Write)) stream.SetLength(kept);
        _run.Note($"Redis is killed, for {fault.Downtime.TotalSeconds:0.0} s; it loses {written - kept} of the {written - safe} bytes of the last second");
        await Task.Delay(fault.Downtime, TimeProvider.System);
        await Redis.StartAsync();
        _run.Losses.Enqueue((from, TimeProvider.System.GetUtcNow()));
        _run.Note("Redis serves again");
    }
}
