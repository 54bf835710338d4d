using AiPlatform.Gateway.Telemetry;
using AiPlatform.Jobs;
using StackExchange.Redis;

namespace AiPlatform.Gateway.Results;

/// <summary>Hears of the ends of jobs on this Gateway's channel and tells who waits.</summary>
internal sealed class ResultListener(
    GatewayName name, JobWaiters waiters, ResultReader reader, RedisSubscriptions subscriptions, TimeProvider time, ILogger<ResultListener> logger)
    : BackgroundService
{
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await subscriptions.ListenAsync(RedisKeys.Gateway(name.Value), message => Receive(message), stoppingToken);
        Log.Listening(logger, name.Value);
        // A loop that has ended counts as dead: this one lives as long as its subscription.
        await Task.Delay(Timeout.InfiniteTimeSpan, time, stoppingToken);
    }

    // :: Step 8: receive. The message of the job's end carries a small result; a large one, or an error, is read.
    private void Receive(RedisValue message)
    {
        var bytes = (byte[]?)message ?? [];
        if (!EndMessage.TryParse(bytes, out var end))
        {
            Log.MessageUnreadable(logger, bytes.Length);
            return;
        }

        if (waiters.Find(end.Id) is not { } job) return;
        if (end.Output is not null || !job.WantsResult) job.End(new JobEnd(end.Attempt, end.Output, Error: null));
        else reader.ReadSoon(job);
    }
}
