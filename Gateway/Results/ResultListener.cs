using System.Text;
using AiPlatform.Gateway.Results.Following;
using AiPlatform.Gateway.Telemetry;
using AiPlatform.Jobs.Redis;
using AiPlatform.ServiceDefaults.Loops;
using StackExchange.Redis;

namespace AiPlatform.Gateway.Results;

/// <summary>Receives ends and events of jobs on this Gateway's channel, and passes them to the requests that wait for them.</summary>
internal sealed class ResultListener(
    BackgroundLoops loops,
    GatewayName name,
    AwaitedJobs waiters,
    FollowedJobs followers,
    FollowLooks looks,
    ResultReader reader,
    RedisSubscriptions subscriptions,
    ILogger<ResultListener> logger)
    : LoopService(loops)
{
    protected override Task TurnAsync(BackgroundLoop loop, CancellationToken stoppingToken) =>
        subscriptions.ListenAsync(RedisKeys.Gateway(name.Value), Receive, stoppingToken, () => Log.Listening(logger, name.Value));

    private void Receive(RedisValue message, bool othersWait)
    {
        var bytes = (byte[]?)message ?? [];
        var line = Array.IndexOf(bytes, (byte)'\n');
        var words = line < 0 ? [] : Encoding.UTF8.GetString(bytes, 0, line).Split(' ');
        var isReadable = words switch
        {
            ["ended", var queue] => ReceiveEnds(queue, bytes.AsMemory(line + 1), othersWait),
            ["changed", var queue, var key] => ReceiveEvents(queue, key, [], NewWakes()),
            ["events", var queue] => ReceiveEvents(new SaidEvents(queue, bytes.AsMemory(line + 1)), othersWait),
            _ => false,
        };
        if (!isReadable) Log.MessageUnreadable(logger, bytes.Length);
    }

    // :: Step 8: receive. The message of jobs' ends carries small results; large ones are read.
    private bool ReceiveEnds(string queue, ReadOnlyMemory<byte> entries, bool othersWait)
    {
        var ended = new EndedJobs(queue, entries);
        Continuations<(AwaitedJob Awaited, Job Job)> ends = new(end => end.Awaited.End(end.Job));
        while (ended.MoveNext())
        {
            if (waiters.Find(ended.Id) is not { } awaited) continue;
            if (ended.Read() is not { } job)
            {
                reader.ReadSoon(awaited);
                continue;
            }

            ends.Add((awaited, job));
        }

        ends.Run(othersWait);
        return ended.IsReadable;
    }

    private static Continuations<TaskCompletionSource> NewWakes() => new(wake => wake.TrySetResult());

    private bool ReceiveEvents(SaidEvents said, bool othersWait)
    {
        Continuations<TaskCompletionSource> wakes = NewWakes();
        var isReadable = true;
        while (isReadable && said.MoveNext()) isReadable = ReceiveEvents(said.Queue, said.Key, said.Events, wakes);
        wakes.Run(othersWait);
        return isReadable && said.IsReadable;
    }

    private bool ReceiveEvents(string queue, string key, IReadOnlyList<JobEvent> events, Continuations<TaskCompletionSource> wakes)
    {
        if (!JobId.TryParse($"job_{key}.{queue}", out var id)) return false;
        if (followers.Find(id) is { } followed && !followed.Tell(events, wakes)) looks.LookSoon(followed);
        return true;
    }
}

/// <summary>The unique name under which this process waits for jobs. Jobs store it; see <see cref="ProcessName"/>.</summary>
internal sealed record GatewayName(string Value);
