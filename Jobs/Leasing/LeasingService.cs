using System.Collections.Concurrent;
using System.Text;
using AiPlatform.Jobs.Redis;
using AiPlatform.Jobs.Store;
using AiPlatform.Jobs.Telemetry;
using AiPlatform.ServiceDefaults.Loops;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using StackExchange.Redis;

namespace AiPlatform.Jobs.Leasing;

/// <summary>
/// Leases from every queue of this process, once it is ready to run jobs, and starts the jobs that submits lease to it. When the process
/// stops it drains: it takes no new leases, running jobs may finish within the drain timeout, and the rest goes back to its place in the
/// queue.
/// </summary>
internal sealed class LeasingService(
    BackgroundLoops loops,
    ILeasedQueues queues,
    WorkerName worker,
    IJobStore store,
    IJobDispatcher dispatcher,
    RunningJobs running,
    LeaseGate gate,
    RedisSubscriptions subscriptions,
    JobMetrics metrics,
    IOptions<JobsOptions> jobs,
    IOptions<LeasingOptions> options,
    TimeProvider time,
    ILogger<LeasingService> logger) : LoopService(loops)
{
    private static readonly TimeSpan DrainPoll = TimeSpan.FromMilliseconds(50);

    private readonly Dictionary<LeasedQueue, QueueLoops> _leased = [];
    private readonly ConcurrentDictionary<QueueName, QueueLeaser> _leasers = [];
    private IReadOnlyList<LeasedQueue>? _known;
    private BackgroundLoop? _interrupts;
    private int _givingBack;

    private bool IsIdle => running.Count == 0 && Volatile.Read(ref _givingBack) == 0;

    public override Task StartAsync(CancellationToken cancellationToken)
    {
        _interrupts = Loops.Start(
            "interrupts", TimeSpan.Zero,
            (_, token) => subscriptions.ListenAsync(RedisKeys.Worker(worker.Value), (message, _) => Receive(message), token));
        return base.StartAsync(cancellationToken);
    }

    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken);
        foreach (var queue in _leased.Keys.ToList()) await EndAsync(queue);
        await DrainAsync(cancellationToken);
        if (_interrupts is not null) await _interrupts.StopAsync();
    }

    /// <summary>Waits until the queues of this process change, and then starts and ends leasing accordingly.</summary>
    protected override async Task TurnAsync(BackgroundLoop loop, CancellationToken stoppingToken)
    {
        _known = await queues.NextAsync(_known, stoppingToken);
        foreach (var gone in _leased.Keys.Except(_known).ToList()) await EndAsync(gone);
        foreach (var queue in _known.Where(queue => !_leased.ContainsKey(queue))) _leased.Add(queue, Begin(queue));
    }

    private QueueLoops Begin(LeasedQueue queue)
    {
        var leaser = new QueueLeaser(queue, worker, store, dispatcher, running, gate, metrics, jobs.Value, options.Value, time, logger);
        _leasers[queue.Queue] = leaser;
        return new QueueLoops(
            Loops.Start($"leasing {queue.Queue.Name}", TimeSpan.Zero, (_, token) => leaser.TurnAsync(token)),
            Loops.Start($"doorbell {queue.Queue.Name}", TimeSpan.Zero, (_, token) =>
                subscriptions.ListenAsync(RedisKeys.Doorbell(queue.Queue), (_, _) => leaser.Ring(), token)));
    }

    /// <summary>Ends leasing from a queue; running jobs continue.</summary>
    private async Task EndAsync(LeasedQueue queue)
    {
        _leased.Remove(queue, out var ended);
        await Task.WhenAll(ended!.Leaser.StopAsync(), ended.Doorbell.StopAsync());
        // From now on what a submit leases to this process is given back, until the offer is withdrawn.
        _leasers.TryRemove(queue.Queue, out _);
        try
        {
            await store.WithdrawOfferAsync(queue.Queue, worker.Value, CancellationToken.None);
        }
        catch (QueueUnavailableException outage)
        {
            Log.OfferNotWithdrawn(logger, queue.Queue, outage.Message);
        }
    }

    private async Task DrainAsync(CancellationToken cancellationToken)
    {
        if (IsIdle) return;

        Log.Draining(logger, running.Count, options.Value.DrainTimeout);
        await WaitUntilIdleAsync(options.Value.DrainTimeout, cancellationToken);
        foreach (var job in running.All) job.Stop(StopReason.ShuttingDown);
        await WaitUntilIdleAsync(LeasingOptions.ReturnTime, cancellationToken);
    }

    private void Receive(RedisValue message)
    {
        ReadOnlyMemory<byte> bytes = message;
        if (HandedJobs.Is(bytes.Span)) Take(bytes);
        else Interrupt(Encoding.UTF8.GetString(bytes.Span));
    }

    private void Take(ReadOnlyMemory<byte> message)
    {
        if (HandedJobs.Read(message) is not { } handed) return;

        var left = _leasers.TryGetValue(handed.Queue, out var leaser) ? leaser.Take(handed.Jobs) : handed.Jobs;
        foreach (var job in left) _ = GiveBackAsync(job); // Not awaited: it cannot fail, and shutdown waits for it.
    }

    /// <summary>Gives a job back that cannot run here, so that another process need not wait for the end of its lease.</summary>
    private async Task GiveBackAsync(LeasedJob job)
    {
        Interlocked.Increment(ref _givingBack);
        try
        {
            await store.ReleaseAsync(job, error: null, CancellationToken.None);
        }
        catch (QueueUnavailableException outage)
        {
            Log.NotGivenBack(logger, job.Id, outage.Message);
        }
        finally
        {
            Interlocked.Decrement(ref _givingBack);
        }
    }

    private void Interrupt(string message)
    {
        if (message.Split(' ') is [var queueName, var key, var attemptText] && QueueName.TryParse(queueName, out var queue)
            && int.TryParse(attemptText, out var attempt))
        {
            running.Interrupt(JobId.FromKey(key, queue), attempt);
        }
    }

    private async Task WaitUntilIdleAsync(TimeSpan limit, CancellationToken cancellationToken)
    {
        var start = time.GetTimestamp();
        while (!IsIdle && time.GetElapsedTime(start) < limit && !cancellationToken.IsCancellationRequested)
            await Task.Delay(DrainPoll, time, CancellationToken.None);
    }

    private sealed record QueueLoops(BackgroundLoop Leaser, BackgroundLoop Doorbell);
}
