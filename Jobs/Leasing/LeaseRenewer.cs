using AiPlatform.ServiceDefaults.Loops;
using Microsoft.Extensions.Options;

namespace AiPlatform.Jobs.Leasing;

/// <summary>
/// Renews every lease of this process after a third of its duration, with one call for each queue. Stops jobs whose lease is lost.
/// </summary>
/// <remarks>While Redis is unreachable, no other process can lease these jobs either.</remarks>
internal sealed class LeaseRenewer(BackgroundLoops loops, RunningJobs running, IJobStore store, IOptions<JobsOptions> options)
    : LoopService(loops)
{
    private const int MostInOneCall = 500;

    protected override TimeSpan Interval => options.Value.LeaseDuration / 3;

    protected override Task TurnAsync(BackgroundLoop loop, CancellationToken stoppingToken) => loop.ForEachAsync(
        running.All.GroupBy(job => job.Job.Id.Queue).SelectMany(queue => queue.Chunk(MostInOneCall)),
        async jobs =>
        {
            var held = await store.RenewAsync(jobs[0].Job.Id.Queue, Array.ConvertAll(jobs, job => job.Job), stoppingToken);
            for (var i = 0; i < jobs.Length; i++)
                if (!held[i]) jobs[i].Stop(StopReason.NotOurs);
        });
}
