namespace AiPlatform.Jobs.Leasing;

/// <summary>
/// Lets a process run one job alone. While the gate is shut the process leases nothing from any queue, and the job that must run alone
/// begins when all other jobs have ended.
/// </summary>
internal sealed class LeaseGate(RunningJobs running, TimeProvider time)
{
    private static readonly TimeSpan IdlePoll = TimeSpan.FromMilliseconds(20);

    private readonly Lock _gate = new();
    private TaskCompletionSource? _opened;
    private int _leasing;

    /// <summary>
    /// Registers a call that leases; waits while the gate is shut. Dispose the entry when the leased jobs are among the running jobs.
    /// </summary>
    public async ValueTask<Entry> EnterAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            if (TryEnter() is { } entry) return entry;

            Task opened;
            lock (_gate) opened = _opened?.Task ?? Task.CompletedTask;
            await opened.WaitAsync(cancellationToken);
        }
    }

    /// <summary>The same without waiting: null while the gate is shut.</summary>
    public Entry? TryEnter()
    {
        lock (_gate)
        {
            if (_opened is not null) return null;
            Interlocked.Increment(ref _leasing);
            return new Entry(this);
        }
    }

    /// <summary>
    /// Shuts the gate. False when another caller has shut it, who will also open it. Otherwise always call <see cref="Open"/> afterwards.
    /// </summary>
    public bool TryShut()
    {
        lock (_gate)
        {
            if (_opened is not null) return false;
            _opened = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            return true;
        }
    }

    /// <summary>Waits until no job runs and no call that leases is in flight. The gate must be shut.</summary>
    public async Task UntilIdleAsync(CancellationToken cancellationToken)
    {
        while (Volatile.Read(ref _leasing) > 0 || running.Count > 0) await Task.Delay(IdlePoll, time, cancellationToken);
    }

    public void Open()
    {
        lock (_gate)
        {
            _opened?.TrySetResult();
            _opened = null;
        }
    }

    /// <summary>A call that leases.</summary>
    public readonly struct Entry(LeaseGate gate) : IDisposable
    {
        public void Dispose() => Interlocked.Decrement(ref gate._leasing);
    }
}
