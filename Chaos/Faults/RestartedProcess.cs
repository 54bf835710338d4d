using AiPlatform.Chaos.Processes;
using AiPlatform.Chaos.Promises;

namespace AiPlatform.Chaos.Faults;

/// <summary>A process that suffers faults, and is restarted after each as an orchestrator would do.</summary>
internal sealed class RestartedProcess(
    string name, string project, IReadOnlyList<(string Key, string Value)> settings, HttpClient http, FaultRun run,
    TcpRelay? network = null)
    : IAsyncDisposable
{
    /// <summary>Shortest time without faults after a start.</summary>
    private static readonly TimeSpan ShortestRespite = TimeSpan.FromSeconds(1);

    /// <summary>Longest wait until it is ready, including faults of Redis in the meantime.</summary>
    private static readonly TimeSpan StartBound = TimeSpan.FromMinutes(2);

    private readonly CancellationTokenSource _over = new();
    private readonly List<AiProcess> _started = [];
    private AiProcess? _current;
    private Task _back = Task.CompletedTask;

    public string Name => name;

    private TcpRelay Network => network ?? throw new InvalidOperationException($"{name} has no network that can be cut.");

    /// <summary>The process that runs, or ran last. It has another address after each start.</summary>
    public AiProcess Current => Volatile.Read(ref _current) ?? throw new InvalidOperationException($"{name} was not started.");

    /// <summary>Completes when the process is ready again, and has worked for a moment.</summary>
    public Task Back => _back;

    /// <summary>Completes when it is ready.</summary>
    public Task StartAsync()
    {
        var process = AiProcess.Start(project, settings);
        _started.Add(process);
        Volatile.Write(ref _current, process);
        return process.UntilReadyAsync(http, StartBound, _over.Token);
    }

    /// <summary>Sends SIGKILL, without waiting for the following start.</summary>
    public async Task KillAsync(TimeSpan downtime)
    {
        CheckAlive();
        run.Note($"{name} ({Current.Id}) is killed, for {downtime.TotalSeconds:0.0} s");
        await Current.KillAsync();
        _back = StartAgainAsync(downtime);
    }

    /// <summary>Sends SIGSTOP, without waiting for the following SIGCONT.</summary>
    public async Task StopInItsTracksAsync(TimeSpan downtime)
    {
        CheckAlive();
        run.Note($"{name} ({Current.Id}) is stopped in its tracks, for {downtime.TotalSeconds:0.0} s");
        await Current.SignalAsync("-STOP");
        _back = GoOnAsync(downtime);
    }

    /// <summary>Cuts its network to Redis, without waiting for the repair.</summary>
    public async Task CutAsync(NetworkCut cut, TimeSpan downtime)
    {
        CheckAlive();
        run.Note($"{name} ({Current.Id}) is cut off from Redis ({cut}), for {downtime.TotalSeconds:0.0} s");
        await Network.CutAsync(cut);
        _back = MendAsync(downtime);
    }

    /// <summary>Sends SIGTERM, after which it must drain and exit.</summary>
    public async Task EndAsync()
    {
        CheckAlive();
        var exitCode = await Current.StopAsync();
        if (exitCode != 0) run.Complain(ProblemKind.Wrong, null, $"{name} ended with exit code {exitCode}:\n{Current.LogText}");
    }

    /// <summary>Writes the log of each of its processes into a file of its own.</summary>
    public void WriteLogs(string folder)
    {
        foreach (var process in _started) File.WriteAllText(Path.Combine(folder, $"{name}-{process.Id}.log"), process.LogText);
    }

    public async ValueTask DisposeAsync()
    {
        await _over.CancelAsync();
        await _back.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        foreach (var process in _started) await process.DisposeAsync();
        _over.Dispose();
    }

    private async Task StartAgainAsync(TimeSpan downtime)
    {
        await Task.Delay(downtime, TimeProvider.System, _over.Token);
        var start = TimeProvider.System.GetTimestamp();
        var ready = StartAsync();
        run.Note($"{name} ({Current.Id}) is started again");
        await ready;
        run.Note($"{name} ({Current.Id}) is ready");

        // The respite is as long as the start took, which is longer on a slow machine, so that work continues.
        var took = TimeProvider.System.GetElapsedTime(start);
        await Task.Delay(took > ShortestRespite ? took : ShortestRespite, TimeProvider.System, _over.Token);
    }

    private async Task GoOnAsync(TimeSpan downtime)
    {
        await Task.Delay(downtime, TimeProvider.System, _over.Token);
        await Current.SignalAsync("-CONT");
        run.Note($"{name} ({Current.Id}) goes on");
    }

    private async Task MendAsync(TimeSpan downtime)
    {
        await Task.Delay(downtime, TimeProvider.System, _over.Token);
        Network.Mend();
        run.Note($"{name} ({Current.Id}) may reach Redis again");
        await Current.UntilReadyAsync(http, StartBound, _over.Token);
        run.Note($"{name} ({Current.Id}) is ready");
    }

    private void CheckAlive()
    {
        if (Current.HasExited) run.Complain(ProblemKind.Wrong, null, $"{name} ({Current.Id}) had ended by itself:\n{Current.LogText}");
    }
}
