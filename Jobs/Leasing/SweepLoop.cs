using AiPlatform.Jobs.Telemetry;
using AiPlatform.ServiceDefaults.Loops;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace AiPlatform.Jobs.Leasing;

/// <summary>
/// Sweeps the queues that this process knows. All processes run this loop; the script lets one of them at a time do the work.
/// </summary>
internal sealed class SweepLoop(
    BackgroundLoops loops, ISweptQueues queues, IJobStore store, JobMetrics metrics, IOptions<JobsOptions> options,
    ILogger<SweepLoop> logger)
    : LoopService(loops)
{
    protected override TimeSpan Interval => options.Value.SweepInterval;

    protected override Task TurnAsync(BackgroundLoop loop, CancellationToken stoppingToken) =>
        loop.ForEachAsync(queues.Queues, async queue =>
    {
        var swept = await store.SweepAsync(queue, stoppingToken);
        metrics.Swept(queue, swept);
        if (swept != default) Log.Swept(logger, queue, swept.Requeued, swept.Failed, swept.Expired, swept.RetriesDue);
    });
}

/// <summary>The queues that this process sweeps.</summary>
public interface ISweptQueues
{
    /// <summary>The queues known at this moment.</summary>
    IReadOnlyCollection<QueueName> Queues { get; }
}
