using System.Threading.Channels;
using AiPlatform.Gateway.Telemetry;
using AiPlatform.ServiceDefaults.Loops;
using Microsoft.Extensions.Options;

namespace AiPlatform.Gateway.Results.Following;

/// <summary>
/// Reads followed jobs for all their followers, when a message says that a job has changed, and when a poll is due. It reads a bounded
/// number at a time.
/// </summary>
internal sealed class FollowLooks(BackgroundLoops loops, IJobStore store, GatewayName name, TimeProvider time, ILogger<FollowLooks> logger)
    : LoopService(loops)
{
    private const int ParallelLooks = 16;
    private const int MaxWaitingLooks = 8_192;

    private readonly Channel<FollowedJob> _wanted = Channel.CreateBounded<FollowedJob>(MaxWaitingLooks);
    private volatile bool _isAway;

    /// <summary>Requests a read of a job. If too many jobs wait, the next poll finds it.</summary>
    public void LookSoon(FollowedJob job) => _wanted.Writer.TryWrite(job);

    /// <summary>Requests a read of a job; waits while too many jobs wait.</summary>
    public ValueTask LookAsync(FollowedJob job, CancellationToken cancellationToken) => _wanted.Writer.WriteAsync(job, cancellationToken);

    protected override Task TurnAsync(BackgroundLoop loop, CancellationToken stoppingToken) => Parallel.ForEachAsync(
        _wanted.Reader.ReadAllAsync(stoppingToken),
        new ParallelOptions { MaxDegreeOfParallelism = ParallelLooks, CancellationToken = stoppingToken },
        async (job, token) => await ReadAsync(job, token));

    private async Task ReadAsync(FollowedJob job, CancellationToken cancellationToken)
    {
        while (job.TryBeginLook(time.GetTimestamp(), out var after))
        {
            Continuations<TaskCompletionSource> wakes = new(wake => wake.TrySetResult());
            try
            {
                job.Tell(await store.ReadLogAsync(job.Id, after, name.Value, cancellationToken), wakes);
                _isAway = false;
            }
            catch (QueueUnavailableException outage)
            {
                // The job is due again after the poll interval.
                if (!_isAway) Log.LookUpAway(logger, outage.Message);
                _isAway = true;
            }
#pragma warning disable CA1031 // One job that cannot be read must not take the others' events away
            catch (Exception unforeseen) when (!cancellationToken.IsCancellationRequested)
            {
                Log.LookUpFailed(logger, unforeseen, job.Id.ToString());
            }
#pragma warning restore CA1031
            finally
            {
                job.EndLook();
                wakes.Run(othersWait: true);
            }
        }
    }
}

/// <summary>Reads every followed job once in a poll interval, in case a message was lost; one read serves all followers of a job.</summary>
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
