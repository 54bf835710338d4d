using System.Text;
using AiPlatform.Jobs.Redis;

namespace AiPlatform.Jobs.Store;

/// <summary>
/// Jobs that a submit has leased to this process, because it had offered to run more; <see cref="RedisKeys"/> describes the message.
/// </summary>
/// <param name="Queue">Their queue.</param>
/// <param name="Jobs">The jobs.</param>
internal sealed record HandedJobs(QueueName Queue, IReadOnlyList<LeasedJob> Jobs)
{
    private static ReadOnlySpan<byte> Start => "leased "u8;

    /// <summary>Whether a message to a worker is of this kind.</summary>
    public static bool Is(ReadOnlySpan<byte> message) => message.StartsWith(Start);

    /// <summary>
    /// Reads a message; null when it cannot be read. The leases of its jobs then end by themselves, and whoever leases them next puts a
    /// damaged one aside.
    /// </summary>
    public static HandedJobs? Read(ReadOnlyMemory<byte> message)
    {
        if (!Is(message.Span) || Line(ref message) is not [_, var queueName, var nowText]
            || !QueueName.TryParse(queueName, out var queue) || !long.TryParse(nowText, out var now))
        {
            return null;
        }

        List<LeasedJob> jobs = [];
        while (!message.IsEmpty)
        {
            if (Line(ref message) is not [var key, var stateLength, var recordLength]
                || !int.TryParse(stateLength, out var ofState) || !int.TryParse(recordLength, out var ofRecord)
                || ofState < 0 || ofRecord < 0 || ofState > message.Length || ofRecord > message.Length - ofState)
            {
                return null;
            }

            try
            {
                var state = Encoding.UTF8.GetString(message.Span[..ofState]);
                jobs.Add(JobRecord.ReadLease(JobId.FromKey(key, queue), state, message.Slice(ofState, ofRecord), now));
            }
            catch (FormatException)
            {
                return null;
            }

            message = message[(ofState + ofRecord)..];
        }

        return new HandedJobs(queue, jobs);
    }

    /// <summary>The words of the next line; none when there is no line.</summary>
    private static string[] Line(ref ReadOnlyMemory<byte> message)
    {
        var end = message.Span.IndexOf((byte)'\n');
        if (end < 0) return [];

        var words = Encoding.UTF8.GetString(message.Span[..end]).Split(' ');
        message = message[(end + 1)..];
        return words;
    }
}
