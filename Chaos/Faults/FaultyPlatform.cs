using AiPlatform.Chaos.Processes;
using AiPlatform.Chaos.Promises;
using AiPlatform.Jobs;

namespace AiPlatform.Chaos.Faults;

/// <summary>Redis, Gateways and workers as real processes, and their faults.</summary>
internal sealed class FaultyPlatform : IAsyncDisposable
{
    public static readonly TimeSpan Lease = TimeSpan.FromSeconds(2);

    private static readonly FaultKind[] CutKinds = [FaultKind.CutWorker, FaultKind.ResetWorker, FaultKind.HalfOpenWorker];

    private readonly FaultRun _run;
    private readonly HttpClient _health = new();
    private readonly ModelNames _models;
    private readonly List<TcpRelay> _networks = [];
    private readonly RedisFaults _redisFaults;

    private FaultyPlatform(FaultRun run, FaultScale scale, IRedisSetup redis)
    {
        _run = run;
        Redis = redis;
        _redisFaults = new RedisFaults(run, redis, scale.Clock);
        _models = new ModelNames(scale.Models);
        Queues = [.. scale.Models.Select(QueueName.ForModel)];
        var settings = SettingsOf(scale);
        var numbers = Enumerable.Range(0, scale.ProcessesOfAKind);
        Gateways = [.. numbers.Select(i => new RestartedProcess($"Gateway-{i}", "Gateway", [.. settings, RedisOf(null)], _health, run))];
        Workers = [.. numbers.Select(i => WorkerOf(i, settings, hasNetwork: scale.Round.Any(CutKinds.Contains)))];
    }

    public IRedisSetup Redis { get; }

    public IReadOnlyList<QueueName> Queues { get; }

    public IReadOnlyList<RestartedProcess> Gateways { get; }

    public IReadOnlyList<RestartedProcess> Workers { get; }

    private IEnumerable<RestartedProcess> Processes => [.. Workers, .. Gateways];

    /// <param name="run">The record of the run.</param>
    /// <param name="scale">The size and the settings of the scenario.</param>
    public static async Task<FaultyPlatform> StartAsync(FaultRun run, FaultScale scale)
    {
        var redis = scale.Redis();
        FaultyPlatform? platform = null;
        try
        {
            await redis.StartAsync();
            platform = new FaultyPlatform(run, scale, redis);
            await Task.WhenAll(platform.Processes.Select(process => process.StartAsync()));
            return platform;
        }
        catch
        {
            if (platform is not null) await platform.DisposeAsync();
            else await redis.DisposeAsync();
            throw;
        }
    }

    /// <summary>
    /// Runs the faults of the plan until it ends or is canceled by <paramref name="enough"/>; then waits until everything is ready again.
    /// </summary>
    public async Task SufferAsync(IEnumerable<Fault> plan, CancellationToken enough, CancellationToken cancellationToken)
    {
        foreach (var fault in plan)
        {
            await Task.Delay(fault.Pause, TimeProvider.System, enough).ContinueWith(static _ => { }, TaskScheduler.Default);
            if (enough.IsCancellationRequested) break;
            await SufferAsync(fault);
        }

        await Task.WhenAll(Processes.Select(process => process.Back)).WaitAsync(cancellationToken);
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
        foreach (var network in _networks) await network.DisposeAsync();
        await Redis.DisposeAsync();
        _models.Dispose();
        _health.Dispose();
    }

    private List<(string Key, string Value)> SettingsOf(FaultScale scale) =>
    [
        ("Models__Path", _models.Folder), ("Models__Threads", "1"),
        ("Jobs__LeaseDuration", $"{Lease}"), ("Jobs__MaxLostLeases", "200"), ("Jobs__SweepInterval", "00:00:00.200"),
        ("Jobs__PollInterval", "00:00:00.500"), ("Jobs__RetryDelay", "00:00:00.200"), ("Jobs__ResultTtl", $"{scale.ResultTtl}"),
        ("Jobs__EventsTtl", "00:00:05"), ("Jobs__DeadLetterTtl", $"{scale.ResultTtl}"),
    ];

    private (string Key, string Value) RedisOf(TcpRelay? network) =>
        ("ConnectionStrings__redis", network is null ? Redis.ConnectionString : $"127.0.0.1:{network.Port}");

    private RestartedProcess WorkerOf(int number, List<(string Key, string Value)> settings, bool hasNetwork)
    {
        var network = hasNetwork ? TcpRelay.To(Redis.Primaries[0].Port) : null;
        if (network is not null) _networks.Add(network);
        return new RestartedProcess(
            $"InferenceWorker-{number}", "InferenceWorker", [.. settings, RedisOf(network)], _health, _run, network);
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
            case FaultKind.CutWorker:
                await (await VictimAsync(Workers, fault.Victim)).CutAsync(NetworkCut.Frozen, fault.Downtime);
                break;
            case FaultKind.ResetWorker:
                await (await VictimAsync(Workers, fault.Victim)).CutAsync(NetworkCut.Refused, fault.Downtime);
                break;
            case FaultKind.HalfOpenWorker:
                await (await VictimAsync(Workers, fault.Victim)).CutAsync(NetworkCut.HalfOpen, fault.Downtime);
                break;
            case FaultKind.KillGateway:
                await (await VictimAsync(Gateways, fault.Victim)).KillAsync(fault.Downtime);
                break;
            default:
                await _redisFaults.SufferAsync(fault);
                break;
        }
    }

    /// <summary>The chosen process, or another one of its kind if it is still down from an earlier fault, so that work continues.</summary>
    private static async Task<RestartedProcess> VictimAsync(IReadOnlyList<RestartedProcess> kind, int wanted)
    {
        await Task.WhenAny(kind.Select(one => one.Back));
        var first = kind[wanted % kind.Count];
        var victim = first.Back.IsCompleted ? first : kind.First(one => one.Back.IsCompleted);
        await victim.Back;
        return victim;
    }
}
