using AiPlatform.Jobs.Redis;
using AiPlatform.Jobs.Telemetry;
using AiPlatform.ServiceDefaults.Loops;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace AiPlatform.Jobs.Leasing;

/// <summary>
/// Leases from every queue of this process, once it is ready to run jobs. When the process stops it drains: it takes no new leases, running
/// jobs may finish within the drain timeout, and the rest goes back to its place in the queue.
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
    private IReadOnlyList<LeasedQueue>? _known;
    private BackgroundLoop? _interrupts;

    public override Task StartAsync(CancellationToken cancellationToken)
    {
        _interrupts = Loops.Start(
            "interrupts", TimeSpan.Zero,
            (_, token) => subscriptions.ListenAsync(RedisKeys.Worker(worker.Value), (message, _) => Interrupt((string?)message), token));
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
    }

    private async Task DrainAsync(CancellationToken cancellationToken)
    {
        if (running.Count == 0) return;

        Log.Draining(logger, running.Count, options.Value.DrainTimeout);
        await WaitUntilIdleAsync(options.Value.DrainTimeout, cancellationToken);
        foreach (var job in running.All) job.Stop(StopReason.ShuttingDown);
        await WaitUntilIdleAsync(LeasingOptions.ReturnTime, cancellationToken);
    }

    private void Interrupt(string? message)
    {
        if (message?.Split(' ') is [var queueName, var key, var attemptText] && QueueName.TryParse(queueName, out var queue)
            && int.TryParse(attemptText, out var attempt))
        {
            running.Interrupt(JobId.FromKey(key, queue), attempt);
        }
    }

    private async Task WaitUntilIdleAsync(TimeSpan limit, CancellationToken cancellationToken)
    {
        var start = time.GetTimestamp();
        while (running.Count > 0 && time.GetElapsedTime(start) < limit && !cancellationToken.IsCancellationRequested)
            await Task.Delay(DrainPoll, time, CancellationToken.None);
    }

    private sealed record QueueLoops(BackgroundLoop Leaser, BackgroundLoop Doorbell);
}
