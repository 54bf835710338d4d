using System.Threading.Channels;
using AiPlatform.Gateway.Telemetry;
using AiPlatform.ServiceDefaults.Loops;
using Microsoft.Extensions.Options;

namespace AiPlatform.Gateway.Results;

/// <summary>Reads jobs whose notification did not have the result, a bounded number at a time.</summary>
internal sealed class ResultReader(
    BackgroundLoops loops, GatewayName name, IJobStore store, TimeProvider time, ILogger<ResultReader> logger)
    : LoopService(loops)
{
    private const int ParallelReads = 32;
    private const int MaxWaitingReads = 8_192;

    /// <summary>After a failure nothing is read for this long; the next poll finds the jobs again.</summary>
    private static readonly TimeSpan OutagePause = TimeSpan.FromMilliseconds(250);

    private readonly Channel<AwaitedJob> _due = Channel.CreateBounded<AwaitedJob>(MaxWaitingReads);
    private long _outageAt = long.MinValue;

    /// <summary>Requests a read of a job. If too many jobs wait, the next poll finds it.</summary>
    public void ReadSoon(AwaitedJob job) => _due.Writer.TryWrite(job);

    /// <summary>Requests a read of a job; waits while too many jobs wait.</summary>
    public ValueTask ReadAsync(AwaitedJob job, CancellationToken cancellationToken) => _due.Writer.WriteAsync(job, cancellationToken);

    protected override Task TurnAsync(BackgroundLoop loop, CancellationToken stoppingToken) => Parallel.ForEachAsync(
        _due.Reader.ReadAllAsync(stoppingToken),
        new ParallelOptions { MaxDegreeOfParallelism = ParallelReads, CancellationToken = stoppingToken },
        async (job, token) => await LookUpAsync(job, token));

    private async Task LookUpAsync(AwaitedJob job, CancellationToken cancellationToken)
    {
        var outageAt = Volatile.Read(ref _outageAt);
        if (job.Ended.IsCompleted || (outageAt != long.MinValue && time.GetElapsedTime(outageAt) < OutagePause)) return;

        try
        {
            var read = await store.ReadAsync(job.Id, name.Value, withOutput: true, cancellationToken);
            if (read is null || read.Status.IsFinished) job.End(read);
            if (outageAt != long.MinValue) Volatile.Write(ref _outageAt, long.MinValue);
        }
        catch (QueueUnavailableException outage)
        {
            if (outageAt == long.MinValue) Log.LookUpAway(logger, outage.Message);
            Volatile.Write(ref _outageAt, time.GetTimestamp());
        }
#pragma warning disable CA1031 // One job that cannot be read must not take the others' results away
        catch (Exception unforeseen) when (!cancellationToken.IsCancellationRequested)
        {
            Log.LookUpFailed(logger, unforeseen, job.Id.ToString());
        }
#pragma warning restore CA1031
    }
}

/// <summary>
/// Reads every awaited job once in a poll interval, in case the notification of its end was lost, because the connection was down or Redis
/// restarted. All jobs share one timer.
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
