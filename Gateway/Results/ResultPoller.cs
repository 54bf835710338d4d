using AiPlatform.Jobs;
using AiPlatform.ServiceDefaults.Loops;
using Microsoft.Extensions.Options;

namespace AiPlatform.Gateway.Results;

/// <summary>
/// Has every awaited job looked up once in a poll interval, should the message of its end be lost: while the connection was
/// away, or because Redis restarted. One timer for all of them.
/// </summary>
internal sealed class ResultPoller(
    BackgroundLoops loops, AwaitedJobs waiters, ResultReader reader, IOptions<JobsOptions> options, TimeProvider time)
    : LoopService(loops)
{
    protected override TimeSpan Interval => options.Value.PollInterval / 4;

    protected override async Task TurnAsync(BackgroundLoop loop, CancellationToken stoppingToken)
    {
        var now = time.GetTimestamp();
        foreach (var job in waiters.LookedUpBefore(now - (long)(options.Value.PollInterval.TotalSeconds * time.TimestampFrequency)))
        {
            job.LookedUpAt(now);
            await reader.ReadAsync(job, stoppingToken);
        }
    }
}
