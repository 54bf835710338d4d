using AiPlatform.ServiceDefaults.Loops;
using Microsoft.Extensions.Options;

namespace AiPlatform.Jobs.Leasing;

/// <summary>
/// Renews every lease of this process at a third of its duration, one call for each queue; stops jobs that are no longer ours.
/// </summary>
/// <remarks>Nobody else can take the jobs either while Redis is away.</remarks>
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
