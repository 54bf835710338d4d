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
    private int _offered;
    private long _received;
    private volatile bool _isRung;
    private bool _sawNewer;

    /// <summary>Called by the doorbell: a job may be there.</summary>
    public void Ring()
    {
        _isRung = true;
        _wakeUp.Ring();
    }

    /// <summary>
    /// Starts jobs that a submit has leased to this process. Returns those that it cannot run: another job must run alone, or jobs that it
    /// leased in the meantime took the room that it had offered.
    /// </summary>
    public IReadOnlyList<LeasedJob> Take(IReadOnlyList<LeasedJob> jobs)
    {
        Interlocked.Add(ref _offered, -jobs.Count);
        var taken = 0;
        if (gate.TryEnter() is { } entry)
        {
            using (entry)
            {
                var began = JobActivities.BeforeLease(time);
                taken = Math.Clamp(Room(), 0, jobs.Count);
                foreach (var job in jobs.Take(taken)) Start(job, JobActivities.Leased(job, jobs.Count, began));
            }
        }

        // They are received when they are held: in between, the next lease would not see that they take room.
        Interlocked.Add(ref _received, jobs.Count);
        return [.. jobs.Skip(taken)];
    }

    /// <summary>
    /// Leases once. If the queue may have no more jobs, waits for the doorbell, for room that the queue does not know, or for the poll
    /// interval.
    /// </summary>
    public async Task TurnAsync(CancellationToken cancellationToken)
    {
        var received = Volatile.Read(ref _received);
        var room = Room();
        if (room > 0)
        {
            _isRung = false;
            await GiveWayAsync(cancellationToken);
            LeaseResult leased;
            using (await gate.EnterAsync(cancellationToken))
            {
                // This call is not canceled half-way: leased jobs must be started, or they wait for their lease to end.
                leased = await LeaseAndStartAsync(room, Offer(room, received), isIdle: false);
            }

            if (leased.WantsIdle) await RunAloneAsync(cancellationToken);
            if (leased.WantsIdle || leased.Jobs.Count == room - leased.OnTheirWay) return;
        }

        await UntilDueAsync(cancellationToken);
    }

    /// <summary>
    /// Waits until a lease is due. Jobs that come until then are leased to this process by their submits, as far as it has offered.
    /// </summary>
    private async Task UntilDueAsync(CancellationToken cancellationToken)
    {
        var since = time.GetTimestamp();
        do
        {
            var left = jobs.PollInterval - time.GetElapsedTime(since);
            if (left <= TimeSpan.Zero) return;
            await _wakeUp.WaitAsync(left, time, cancellationToken);
        }
        while (!IsDue());
    }

    private bool IsDue()
    {
        var room = Room();
        return room > 0 && (_isRung || room > 2 * Volatile.Read(ref _offered));
    }

    /// <summary>
    /// What later submits may lease to this process. Where jobs are slower beside others, only a process that runs none gets one this way.
    /// </summary>
    private LeaseOffer Offer(int room, long received)
    {
        var held = Volatile.Read(ref _held);
        return new LeaseOffer(held, queue.DelayPerJob == TimeSpan.Zero ? room : held == 0 ? 1 : 0, received);
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
            // A job that must run alone has nothing beside it.
            await LeaseAndStartAsync(room: 1, new LeaseOffer(0, 0, Volatile.Read(ref _received)), isIdle: true);
            await gate.UntilIdleAsync(cancellationToken);
        }
        finally
        {
            gate.Open();
        }
    }

    private async Task<LeaseResult> LeaseAndStartAsync(int room, LeaseOffer offer, bool isIdle)
    {
        var began = JobActivities.BeforeLease(time);
        var leased = await store.LeaseAsync(
            queue.Queue, worker.Value, room, options.MaxLeasedBytes, isIdle, offer, CancellationToken.None);
        Volatile.Write(ref _offered, leased.Offered);
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
