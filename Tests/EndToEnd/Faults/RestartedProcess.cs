namespace AiPlatform.Tests.EndToEnd.Faults;

/// <summary>A process that faults happen to, and that comes back from each as an orchestrator would have it.</summary>
internal sealed class RestartedProcess(string name, string project, (string Key, string Value)[] settings, HttpClient http, FaultRun run) : IAsyncDisposable
{
    /// <summary>How long it is undisturbed after a start, at least.</summary>
    private static readonly TimeSpan ShortestRespite = TimeSpan.FromSeconds(1);

    /// <summary>Longest wait until it is ready, through the faults that happen to Redis meanwhile.</summary>
    private static readonly TimeSpan StartBound = TimeSpan.FromMinutes(2);

    private readonly List<AiProcess> _started = [];
    private AiProcess? _current;
    private Task _back = Task.CompletedTask;

    public string Name => name;

    /// <summary>The one that runs, or ran last; another address after each start.</summary>
    public AiProcess Current => Volatile.Read(ref _current) ?? throw new InvalidOperationException($"{name} was not started.");

    /// <summary>Completes when it is ready again, and has worked for a moment.</summary>
    public Task Back => _back;

    /// <summary>Completes when it is ready.</summary>
    public Task StartAsync()
    {
        var process = AiProcess.Start(project, settings);
        _started.Add(process);
        Volatile.Write(ref _current, process);
        return process.UntilReadyAsync(http, StartBound);
    }

    /// <summary>SIGKILL; the start after it is not waited for.</summary>
    public async Task KillAsync(TimeSpan downtime)
    {
        CheckAlive();
        run.Note($"{name} ({Current.Id}) is killed, for {downtime.TotalSeconds:0.0} s");
        await Current.KillAsync();
        _back = StartAgainAsync(downtime);
    }

    /// <summary>SIGSTOP; the SIGCONT after it is not waited for.</summary>
    public async Task StopInItsTracksAsync(TimeSpan downtime)
    {
        CheckAlive();
        run.Note($"{name} ({Current.Id}) is stopped in its tracks, for {downtime.TotalSeconds:0.0} s");
        await Current.SignalAsync("-STOP");
        _back = GoOnAsync(downtime);
    }

    /// <summary>SIGTERM: it must end in good order.</summary>
    public async Task EndAsync()
    {
        CheckAlive();
        var exitCode = await Current.StopAsync();
        if (exitCode != 0) run.Complain(null, $"{name} ended with exit code {exitCode}:\n{Current.LogText}");
    }

    /// <summary>Writes the log of each of its processes into a file of its own.</summary>
    public void WriteLogs(string folder)
    {
        foreach (var process in _started) File.WriteAllText(Path.Combine(folder, $"{name}-{process.Id}.log"), process.LogText);
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var process in _started) await process.DisposeAsync();
    }

    private async Task StartAgainAsync(TimeSpan downtime)
    {
        await Task.Delay(downtime, TimeProvider.System);
        var start = TimeProvider.System.GetTimestamp();
        var ready = StartAsync();
        run.Note($"{name} ({Current.Id}) is started again");
        await ready;
        run.Note($"{name} ({Current.Id}) is ready");

        // As long as the start took, which is longer on a slow machine: work must go on.
        var took = TimeProvider.System.GetElapsedTime(start);
        await Task.Delay(took > ShortestRespite ? took : ShortestRespite, TimeProvider.System);
    }

    private async Task GoOnAsync(TimeSpan downtime)
    {
        await Task.Delay(downtime, TimeProvider.System);
        await Current.SignalAsync("-CONT");
        run.Note($"{name} ({Current.Id}) goes on");
    }

    private void CheckAlive()
    {
        if (Current.HasExited) run.Complain(null, $"{name} ({Current.Id}) had ended by itself:\n{Current.LogText}");
    }
}
