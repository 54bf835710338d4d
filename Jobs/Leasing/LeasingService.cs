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
        await WaitUntilIdleAsync(TimeSpan.FromSeconds(5), cancellationToken);
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var leased = await queues.WhenReadyAsync(stoppingToken);
        var leasers = leased
            .Select(queue => (queue.Queue, Leaser: new QueueLeaser(
                queue, worker, store, dispatcher, running, gate, metrics, jobs.Value, options.Value, time, logger)))
            .ToList();

        var interrupts = subscriptions.ListenAsync(
            RedisKeys.Worker(worker.Value), message => Interrupt((string?)message), stoppingToken);
        var doorbells = leasers.Select(one => subscriptions.ListenAsync(
            RedisKeys.Doorbell(one.Queue), _ => one.Leaser.Ring(), stoppingToken));
        await Task.WhenAll([interrupts, .. doorbells, .. leasers.Select(one => one.Leaser.RunAsync(stoppingToken))]);
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
}
