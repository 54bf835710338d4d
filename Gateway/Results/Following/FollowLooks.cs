using System.Threading.Channels;
using AiPlatform.Gateway.Telemetry;
using AiPlatform.ServiceDefaults.Loops;
using Microsoft.Extensions.Options;

namespace AiPlatform.Gateway.Results.Following;

/// <summary>
/// Looks at followed jobs for all who follow them: when a message says that one changed, and when one is due. A bounded number at a time.
/// </summary>
internal sealed class FollowLooks(BackgroundLoops loops, IJobStore store, GatewayName name, TimeProvider time, ILogger<FollowLooks> logger)
    : LoopService(loops)
{
    private const int ParallelLooks = 16;
    private const int MaxWaitingLooks = 8_192;

    private readonly Channel<FollowedJob> _wanted = Channel.CreateBounded<FollowedJob>(MaxWaitingLooks);
    private volatile bool _isAway;

    /// <summary>Has a job looked at for which a look is wanted; if too many wait, the next round finds it.</summary>
    public void LookSoon(FollowedJob job) => _wanted.Writer.TryWrite(job);

    /// <summary>Has it looked at when its turn comes; waits while too many do.</summary>
    public ValueTask LookAsync(FollowedJob job, CancellationToken cancellationToken) => _wanted.Writer.WriteAsync(job, cancellationToken);

    protected override Task TurnAsync(BackgroundLoop loop, CancellationToken stoppingToken) => Parallel.ForEachAsync(
        _wanted.Reader.ReadAllAsync(stoppingToken),
        new ParallelOptions { MaxDegreeOfParallelism = ParallelLooks, CancellationToken = stoppingToken },
        async (job, token) => await ReadAsync(job, token));

    private async Task ReadAsync(FollowedJob job, CancellationToken cancellationToken)
    {
        while (job.TryBeginLook(time.GetTimestamp(), out var after))
        {
            try
            {
                job.Tell(await store.ReadLogAsync(job.Id, after, name.Value, cancellationToken));
                _isAway = false;
            }
            catch (QueueUnavailableException outage)
            {
                // It is due again once the interval has passed.
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
            }
        }
    }
}

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
