using AiPlatform.Jobs;
using AiPlatform.ServiceDefaults.Loops;
using Microsoft.Extensions.Options;

namespace AiPlatform.Gateway.Results.Following;

/// <summary>Has every followed job looked at once in a poll interval, should a message be lost: one look for all who follow it.</summary>
internal sealed class FollowPoller(
    BackgroundLoops loops, FollowedJobs followers, FollowLooks looks, IOptions<JobsOptions> options, TimeProvider time) : LoopService(loops)
{
    protected override TimeSpan Interval => options.Value.PollInterval / 4;

    protected override async Task TurnAsync(BackgroundLoop loop, CancellationToken stoppingToken)
    {
        var before = time.GetTimestamp() - (long)(options.Value.PollInterval.TotalSeconds * time.TimestampFrequency);
        foreach (var job in followers.Jobs)
            if (job.IsDue(before)) await looks.LookAsync(job, stoppingToken);
    }
}
