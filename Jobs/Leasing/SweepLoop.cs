using AiPlatform.Jobs.Telemetry;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace AiPlatform.Jobs.Leasing;

/// <summary>Sweeps the queues that this process knows. Many processes do; the script lets one at a time do the work.</summary>
internal sealed class SweepLoop(
    ISweptQueues queues, IJobStore store, JobMetrics metrics, IOptions<JobsOptions> options, TimeProvider time, ILogger<SweepLoop> logger) : BackgroundService
{
    private bool _outage;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(options.Value.SweepInterval, time);
        while (await timer.WaitForNextTickAsync(stoppingToken))
            await SweepAsync(stoppingToken);
    }

    private async Task SweepAsync(CancellationToken cancellationToken)
    {
        try
        {
            foreach (var queue in queues.Queues)
            {
                var swept = await store.SweepAsync(queue, cancellationToken);
                metrics.Swept(queue, swept);
                if (swept != default) Log.Swept(logger, queue, swept.Requeued, swept.Failed, swept.Expired, swept.RetriesDue);
            }

            _outage = false;
        }
        catch (QueueUnavailableException outage)
        {
            if (!_outage) Log.SweepFailed(logger, outage.Message);
            _outage = true;
        }
    }
}
