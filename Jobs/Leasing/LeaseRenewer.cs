using AiPlatform.Jobs.Telemetry;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace AiPlatform.Jobs.Leasing;

/// <summary>Renews every lease of this process at a third of its duration, one call for each queue; stops jobs that are no longer ours.</summary>
internal sealed class LeaseRenewer(
    RunningJobs running, IJobStore store, IOptions<JobsOptions> options, TimeProvider time, ILogger<LeaseRenewer> logger) : BackgroundService
{
    private const int MostInOneCall = 500;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(options.Value.LeaseDuration / 3, time);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            var calls = running.All.GroupBy(job => job.Job.Id.Queue).SelectMany(queue => queue.Chunk(MostInOneCall));
            foreach (var jobs in calls) await RenewAsync(jobs[0].Job.Id.Queue, jobs, stoppingToken);
        }
    }

    private async Task RenewAsync(QueueName queue, RunningJob[] jobs, CancellationToken cancellationToken)
    {
        try
        {
            var held = await store.RenewAsync(queue, Array.ConvertAll(jobs, job => job.Job), cancellationToken);
            for (var i = 0; i < jobs.Length; i++)
                if (!held[i]) jobs[i].Stop(StopReason.NotOurs);
        }
        catch (QueueUnavailableException outage)
        {
            // Nobody else can take the jobs either while Redis is away; the next tick tries again.
            Log.RenewFailed(logger, queue, jobs.Length, outage.Message);
        }
    }
}
