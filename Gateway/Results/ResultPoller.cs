using AiPlatform.Jobs;
using Microsoft.Extensions.Options;

namespace AiPlatform.Gateway.Results;

/// <summary>
/// Has every awaited job looked up once in a poll interval, should the message of its end be lost: while the connection was
/// away, or because Redis restarted. One timer for all of them.
/// </summary>
internal sealed class ResultPoller(JobWaiters waiters, ResultReader reader, IOptions<JobsOptions> options, TimeProvider time)
    : BackgroundService
{
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var interval = options.Value.PollInterval;
        using var timer = new PeriodicTimer(interval / 4, time);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            var now = time.GetTimestamp();
            foreach (var job in waiters.LookedUpBefore(now - (long)(interval.TotalSeconds * time.TimestampFrequency)))
            {
                job.LookedUpAt(now);
                await reader.ReadAsync(job, stoppingToken);
            }
        }
    }
}
