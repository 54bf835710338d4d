namespace AiPlatform.ServiceDefaults.Loops;

/// <summary>
/// One background loop, which runs turn after turn until it is stopped. After an <see cref="OutageException"/> it retries with a back-off.
/// Any other exception from a turn is a bug and ends the process.
/// </summary>
#pragma warning disable CA1001 // A source without a timer has nothing to dispose
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

    /// <summary>Its name in logs and health checks.</summary>
    public string Name { get; }

    /// <summary>Why its last turn could not do all of its work; null when it could.</summary>
    public string? Trouble => _trouble;

    /// <summary>The bug that ended it; null while it runs, and when it was stopped.</summary>
    public Exception? Death => _death;

    /// <summary>Completes, without an error, when it has ended.</summary>
    public Task Ended { get; private set; } = Task.CompletedTask;

    /// <summary>
    /// Reports inside a turn that a part of its work could not be done. Health reports it until a turn passes without trouble.
    /// </summary>
    public void Suffer(string trouble) => _suffered = trouble;

    /// <summary>
    /// Runs an action for each item, one after another. A partial outage of one item does not keep the others from running.
    /// </summary>
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

    /// <summary>Stops the loop and waits for its end.</summary>
    public async Task StopAsync()
    {
        await _stop.CancelAsync();
        await Ended;
    }

    /// <summary>Ends the loop as a bug in its turn would, so that tests can try every loop.</summary>
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
                // When a process stops, the services that a loop uses may already be disposed.
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

/// <summary>A service that the process needs is unavailable. Callers wait and try again; it is never a bug.</summary>
public class OutageException(string message, Exception? inner = null) : Exception(message, inner)
{
    /// <summary>Whether only a part is unavailable, so that other calls may be served.</summary>
    public bool IsPartial { get; init; }
}
