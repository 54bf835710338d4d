using System.Diagnostics;
using System.Threading.Channels;
using AiPlatform.Jobs.Telemetry;
using Microsoft.Extensions.Logging;

namespace AiPlatform.Jobs.Leasing;

/// <summary>Leases jobs of one queue while this process has room for them, and starts each of them.</summary>
internal sealed class QueueLeaser(
    LeasedQueue queue,
    WorkerName worker,
    IJobStore store,
    IJobDispatcher dispatcher,
    RunningJobs running,
    LeaseGate gate,
    JobMetrics metrics,
    JobsOptions jobs,
    LeasingOptions options,
    TimeProvider time,
    ILogger logger)
{
    /// <summary>
    /// Largest payload of a job that starts on the thread that leased it. Queuing a smaller job to another thread costs more than reading
    /// it.
    /// </summary>
    private const int MostBytesInline = 2_048;

    /// <summary>A process that runs more jobs than this waits no longer than one that runs as many.</summary>
    private const int MostDelayingJobs = 8;

    private readonly WakeUp _wakeUp = new();
    private int _held;
    private bool _sawNewer;

    /// <summary>Called by the doorbell: a job may be there.</summary>
    public void Ring() => _wakeUp.Ring();

    /// <summary>Leases once. If the queue may have no more jobs, waits for the doorbell, for room or for the poll interval.</summary>
    public async Task TurnAsync(CancellationToken cancellationToken)
    {
        var room = Room();
        if (room > 0)
        {
            await GiveWayAsync(cancellationToken);
            LeaseResult leased;
            using (await gate.EnterAsync(cancellationToken))
            {
                // This call is not canceled half-way: leased jobs must be started, or they wait for their lease to end.
                leased = await LeaseAndStartAsync(room, isIdle: false);
            }

            if (leased.WantsIdle) await RunAloneAsync(cancellationToken);
            if (leased.WantsIdle || leased.Jobs.Count == room) return;
        }

        await _wakeUp.WaitAsync(jobs.PollInterval, time, cancellationToken);
    }

    /// <summary>Lets processes that run fewer jobs of the queue lease first. A job that ends shortens the wait.</summary>
    private async Task GiveWayAsync(CancellationToken cancellationToken)
    {
        if (queue.DelayPerJob == TimeSpan.Zero) return;

        var since = time.GetTimestamp();
        while (true)
        {
            var delay = queue.DelayPerJob * Math.Min(Volatile.Read(ref _held), MostDelayingJobs) - time.GetElapsedTime(since);
            if (delay <= TimeSpan.Zero) return;
            await _wakeUp.WaitAsync(delay, time, cancellationToken);
        }
    }

    private int Room()
    {
        var held = Volatile.Read(ref _held);
        var room = queue.Capacity - held;
        return queue.Room is { } free ? Math.Min(room, Math.Max(free(), held == 0 ? 1 : 0)) : room;
    }

    /// <summary>
    /// Waits until no other job runs, and runs a job whose process was lost before, so that it cannot take other jobs down with it.
    /// </summary>
    private async Task RunAloneAsync(CancellationToken cancellationToken)
    {
        if (!gate.TryShut()) return;
        try
        {
            await gate.UntilIdleAsync(cancellationToken);
            await LeaseAndStartAsync(room: 1, isIdle: true);
            await gate.UntilIdleAsync(cancellationToken);
        }
        finally
        {
            gate.Open();
        }
    }

    private async Task<LeaseResult> LeaseAndStartAsync(int room, bool isIdle)
    {
        var began = JobActivities.BeforeLease(time);
        var leased = await store.LeaseAsync(queue.Queue, worker.Value, room, options.MaxLeasedBytes, isIdle, CancellationToken.None);
        if (leased.Newer > 0 && !_sawNewer) Log.NewerJobs(logger, leased.Newer, queue.Queue);
        _sawNewer = leased.Newer > 0;
        foreach (var job in leased.Jobs)
        {
            if (leased.MustRunAlone) Log.RunsAlone(logger, job.Id, job.Attempt);
            Start(job, JobActivities.Leased(job, leased.Jobs.Count, began));
        }

        return leased;
    }

    private void Start(LeasedJob job, ActivityContext lease)
    {
        metrics.Leased(job);
        Interlocked.Increment(ref _held);
        var runningJob = new RunningJob(job, time) { Lease = lease };
        running.Add(runningJob);
        // This is not awaited: shutdown waits for it through RunningJobs, and it cannot fail.
        _ = DispatchAsync(runningJob);
    }

    private async Task DispatchAsync(RunningJob job)
    {
        try
        {
            // Reading a large payload takes time, and the other jobs of the same lease should not wait for it.
            if (job.Job.Body.Length > MostBytesInline) await Task.Yield();
            await dispatcher.DispatchAsync(job, CancellationToken.None);
        }
#pragma warning disable CA1031 // The lease brings the job back; the loop must go on
        catch (Exception unforeseen)
        {
            Log.DispatchFailed(logger, unforeseen, job.Job.Id, job.Job.Attempt);
        }
#pragma warning restore CA1031
        finally
        {
            running.Remove(job);
            job.Dispose();
            Interlocked.Decrement(ref _held);
            _wakeUp.Ring();
        }
    }
}

/// <summary>
/// A latch for one waiting loop. A signal that comes while the loop does not wait is kept, and several signals count as one.
/// </summary>
internal sealed class WakeUp
{
    private readonly Channel<bool> _rung = Channel.CreateBounded<bool>(
        new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite, SingleReader = true });

    public void Ring() => _rung.Writer.TryWrite(true);

    /// <summary>Returns when rung, or when the time is up.</summary>
    public async Task WaitAsync(TimeSpan limit, TimeProvider time, CancellationToken cancellationToken)
    {
        if (_rung.Reader.TryRead(out _)) return;

        using var timeout = new CancellationTokenSource(limit, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, cancellationToken);
        try
        {
            await _rung.Reader.ReadAsync(either.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            // The time is up: the caller polls.
        }
    }
}
