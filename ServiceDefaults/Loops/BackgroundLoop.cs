namespace AiPlatform.ServiceDefaults.Loops;

/// <summary>
/// One background loop: turn after turn until it is stopped. An <see cref="OutageException"/> is waited out with growing pauses; anything
/// else that leaves a turn is a bug, and ends the process.
/// </summary>
#pragma warning disable CA1001 // A source that has no timer holds nothing to give back
public sealed class BackgroundLoop
#pragma warning restore CA1001
{
    private static readonly TimeSpan ShortestPause = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(2);

    private readonly BackgroundLoops _loops;
    private readonly TimeSpan _interval;
    private readonly Func<BackgroundLoop, CancellationToken, Task> _turn;
    private readonly TimeProvider _time;
    private readonly CancellationTokenSource _stop = new();
    private volatile string? _trouble;
    private volatile Exception? _death;
    private volatile Exception? _broken;
    private string? _suffered;

    internal BackgroundLoop(
        BackgroundLoops loops, string name, TimeSpan interval, Func<BackgroundLoop, CancellationToken, Task> turn, TimeProvider time)
    {
        _loops = loops;
        Name = name;
        _interval = interval;
        _turn = turn;
        _time = time;
    }

    /// <summary>What logs and health checks call it.</summary>
    public string Name { get; }

    /// <summary>Why its last turn could not do all of its work; null when it could.</summary>
    public string? Trouble => _trouble;

    /// <summary>The bug that ended it; null while it runs, and when it was stopped.</summary>
    public Exception? Death => _death;

    /// <summary>Completes, without an error, when it has ended.</summary>
    public Task Ended { get; private set; } = Task.CompletedTask;

    /// <summary>Says inside a turn that a part of its work could not be done. Health tells it until a turn does not say so.</summary>
    public void Suffer(string trouble) => _suffered = trouble;

    /// <summary>Does something for each, one after another. What is partly not served does not keep the others from it.</summary>
    public async Task ForEachAsync<T>(IEnumerable<T> items, Func<T, Task> act)
    {
        foreach (var item in items)
        {
            try
            {
                await act(item);
            }
            catch (OutageException outage) when (outage.IsPartial)
            {
                Suffer(outage.Message);
            }
        }
    }

    /// <summary>Ends it in good order.</summary>
    public async Task StopAsync()
    {
        await _stop.CancelAsync();
        await Ended;
    }

    /// <summary>Ends it as a bug in its turn would: so every loop can be tried out.</summary>
    internal void Break(Exception bug)
    {
        _broken = bug;
        _stop.Cancel();
    }

    internal void Start() => Ended = Task.Run(RunAsync, CancellationToken.None);

    private async Task RunAsync()
    {
        using var timer = _interval > TimeSpan.Zero ? new PeriodicTimer(_interval, _time) : null;
        var pause = TimeSpan.Zero;
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                _suffered = null;
                await _turn(this, _stop.Token);
                Tell(_suffered);
                pause = TimeSpan.Zero;
                if (timer is not null) await timer.WaitForNextTickAsync(_stop.Token);
            }
            catch (OutageException outage)
            {
                Tell(outage.Message);
                pause = pause == TimeSpan.Zero ? ShortestPause : 2 * pause < LongestPause ? 2 * pause : LongestPause;
                await Task.Delay(pause, _time, _stop.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
#pragma warning disable CA1031 // Whatever it was, it is logged, told and ends the process
            catch (Exception failure)
            {
                // What a process uses may be gone already when it stops.
                if (!_stop.IsCancellationRequested) _broken = failure;
                break;
            }
#pragma warning restore CA1031
        }

        _death = _broken;
        _loops.HasEnded(this);
    }

    private void Tell(string? trouble)
    {
        var known = _trouble;
        _trouble = trouble;
        if (known != trouble) _loops.Troubled(this, trouble);
    }
}

/// <summary>Something that the process needs does not serve now. Its callers wait and try again; it is never a bug.</summary>
public class OutageException(string message, Exception? inner = null) : Exception(message, inner)
{
    /// <summary>Only what was asked for is not served: a call about something else may be.</summary>
    public bool IsPartial { get; init; }
}
