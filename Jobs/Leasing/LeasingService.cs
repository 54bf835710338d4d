using AiPlatform.Jobs.Telemetry;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace AiPlatform.Jobs.Leasing;

/// <summary>
/// Leases from every queue of this process, once it is ready to run them. When the process stops: no new leases, what runs may
/// finish within the drain timeout, the rest goes back to its place in the queue.
/// </summary>
internal sealed class LeasingService(
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
    ILogger<LeasingService> logger) : BackgroundService
{
    private static readonly TimeSpan DrainPoll = TimeSpan.FromMilliseconds(50);

    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken);
        if (running.Count == 0) return;

        Log.Draining(logger, running.Count, options.Value.DrainTimeout);
        await WaitUntilIdleAsync(options.Value.DrainTimeout, cancellationToken);
        foreach (var job in running.All) job.Stop(StopReason.ShuttingDown);
        await WaitUntilIdleAsync(LeasingOptions.ReturnTime, cancellationToken);
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var loops = new Dictionary<LeasedQueue, LeasedLoop>();
        var interrupts = subscriptions.ListenAsync(RedisKeys.Worker(worker.Value), message => Interrupt((string?)message), stoppingToken);
        try
        {
            IReadOnlyList<LeasedQueue>? known = null;
            while (true)
            {
                var next = queues.NextAsync(known, stoppingToken);
                // None of the loops ends by itself: one that does has failed, and so does this service.
                await await Task.WhenAny([next, interrupts, .. loops.Values.Select(loop => loop.Task)]);
                known = await next;
                foreach (var gone in loops.Keys.Except(known).ToList()) await EndAsync(loops, gone);
                foreach (var queue in known.Where(queue => !loops.ContainsKey(queue))) loops.Add(queue, Begin(queue, stoppingToken));
            }
        }
        finally
        {
            foreach (var queue in loops.Keys.ToList()) await EndAsync(loops, queue);
        }
    }

    private LeasedLoop Begin(LeasedQueue queue, CancellationToken stoppingToken)
    {
        var stop = CancellationTokenSource.CreateLinkedTokenSource(stoppingToken);
        var leaser = new QueueLeaser(queue, worker, store, dispatcher, running, gate, metrics, jobs.Value, options.Value, time, logger);
        var doorbell = subscriptions.ListenAsync(RedisKeys.Doorbell(queue.Queue), _ => leaser.Ring(), stop.Token);
        return new LeasedLoop(Task.WhenAll(doorbell, leaser.RunAsync(stop.Token)), stop);
    }

    /// <summary>No new leases of a queue; what runs goes on.</summary>
    private static async Task EndAsync(Dictionary<LeasedQueue, LeasedLoop> loops, LeasedQueue queue)
    {
        loops.Remove(queue, out var loop);
        await loop!.Stop.CancelAsync();
        await loop.Task.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        loop.Stop.Dispose();
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

    private sealed record LeasedLoop(Task Task, CancellationTokenSource Stop);
}
