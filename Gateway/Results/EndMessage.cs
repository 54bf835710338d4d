using System.Globalization;
using System.Text;
using AiPlatform.Jobs;

namespace AiPlatform.Gateway.Results;

/// <summary>A message on a Gateway's channel, in the form that <see cref="RedisKeys"/> describes: a job ended.</summary>
/// <param name="Id">The job.</param>
/// <param name="Status">How it ended.</param>
/// <param name="Attempt">Leases it took.</param>
/// <param name="Output">The result, when it came along; it does so when it is small.</param>
internal readonly record struct EndMessage(JobId Id, JobStatus Status, int Attempt, JobOutput? Output)
{
    /// <summary>Reads a message. False for anything the scripts cannot have written; never throws.</summary>
    public static bool TryParse(byte[] message, out EndMessage end)
    {
        end = default;
        var line = Array.IndexOf(message, (byte)'\n');
        if (line < 0) return false;

        var words = Encoding.UTF8.GetString(message, 0, line).Split(' ', 5);
        if (words is not [var queueName, var key, var statusName, var attemptText, var contentType]) return false;
        if (!JobId.TryParse($"job_{key}.{queueName}", out var id)) return false;
        if (!int.TryParse(attemptText, NumberStyles.None, CultureInfo.InvariantCulture, out var attempt)) return false;
        if (!TryParseStatus(statusName, out var status)) return false;

        var content = message.AsMemory(line + 1);
        end = new EndMessage(id, status, attempt, content.IsEmpty ? null : new JobOutput(contentType, content));
        return true;
    }

    private static bool TryParseStatus(string name, out JobStatus status)
    {
        foreach (var candidate in Enum.GetValues<JobStatus>())
        {
            status = candidate;
            if (candidate.IsFinished && candidate.Name == name) return true;
        }

        status = default;
        return false;
    }
}
