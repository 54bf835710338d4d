using AiPlatform.Jobs.Redis;
using StackExchange.Redis;

namespace AiPlatform.Jobs.Store;

internal sealed class QueueOperations(ScriptRunner scripts) : IQueueOperations
{
    private const int RequeueBatch = 100;

    public async Task<QueueState> ReadAsync(QueueName queue, CancellationToken cancellationToken)
    {
        var reply = (RedisResult[])(await RunAsync(JobScript.Queue, queue, [], cancellationToken))!;
        var lanes = Enum.GetValues<Lane>().Select((lane, i) =>
        {
            var oldest = (long)reply[8 + (2 * i)];
            return new LaneState(lane, (long)reply[7 + (2 * i)], oldest < 0 ? null : TimeSpan.FromMilliseconds(oldest));
        });
        return new QueueState
        {
            Queue = queue,
            Depth = (long)reply[1],
            Running = (long)reply[2],
            DrainPerSecond = (long)reply[3] / 1000d,
            IsPaused = (int)reply[4] == 1,
            Dead = (long)reply[5],
            Broken = (long)reply[6],
            Problem = QueueProblem.In(reply),
            Lanes = [.. lanes],
        };
    }

    public Task PauseAsync(QueueName queue, CancellationToken cancellationToken) =>
        RunAsync(JobScript.Pause, queue, ["1"], cancellationToken);

    public Task ResumeAsync(QueueName queue, CancellationToken cancellationToken) =>
        RunAsync(JobScript.Pause, queue, ["0"], cancellationToken);

    public async Task<long> RequeueDeadAsync(QueueName queue, CancellationToken cancellationToken)
    {
        var requeued = 0L;
        RedisValue before = "";
        while (true)
        {
            // Jobs that become dead letters again in the meantime are not requeued a second time.
            var reply = (RedisResult[])(await RunAsync(JobScript.RequeueDead, queue, [RequeueBatch, before], cancellationToken))!;
            requeued += (long)reply[0];
            if ((long)reply[1] < RequeueBatch) return requeued;
            before = (RedisValue)reply[2];
        }
    }

    private Task<RedisResult> RunAsync(JobScript script, QueueName queue, RedisValue[] arguments, CancellationToken cancellationToken) =>
        scripts.RunAsync(script, RedisKeys.Base(queue), arguments, cancellationToken);
}

/// <summary>Describes keys with the wrong type, which keep a queue from serving although Redis serves.</summary>
internal static class QueueProblem
{
    /// <summary>The index in the script's reply at which the queue's state ends and its problems begin.</summary>
    private static readonly int FirstWord = 7 + (2 * Enum.GetValues<Lane>().Length);

    /// <param name="state">The reply of the script that reads the state of a queue.</param>
    /// <returns>Every key with the wrong type, and what to do; null when there is none.</returns>
    public static string? In(RedisResult[] state) => state.Length < FirstWord + 3
        ? null
        : string.Join(
            " ", state[FirstWord..].Chunk(3).Select(
                key => $"The key {key[0]} in Redis holds a {key[1]} where a {key[2]} belongs: rename it out of the way."));
}
