using System.Globalization;
using StackExchange.Redis;

namespace AiPlatform.Jobs.Store;

/// <summary>Turns the scripts' replies into jobs. Fields that another version wrote and this one does not know are passed over.</summary>
internal static class JobRecord
{
    /// <summary>Reads a reply of <c>read.lua</c>.</summary>
    public static Job Read(JobId id, RedisResult[] reply, bool withOutput)
    {
        var flat = (RedisValue[])reply[0]!;
        var fields = new Dictionary<string, RedisValue>(flat.Length / 2);
        for (var i = 0; i + 1 < flat.Length; i += 2) fields[flat[i]!] = flat[i + 1];

        var status = JobStatusNames.Parse(Text(fields, "status") ?? "");
        var position = (long)reply[1];
        return new Job
        {
            Id = id,
            Status = status,
            Endpoint = Text(fields, "endpoint") ?? "",
            Model = Text(fields, "model") ?? "",
            Tenant = Text(fields, "tenant") ?? "",
            Lane = Text(fields, "lane") ?? "",
            CreatedAt = Time(fields, "created") ?? default,
            StartedAt = Time(fields, "started"),
            FinishedAt = Time(fields, "finished"),
            Deadline = Time(fields, "deadline") ?? default,
            Attempts = (int)fields.GetValueOrDefault("attempt"),
            Metadata = Text(fields, "metadata"),
            Error = Text(fields, "error") is { } error ? InferenceError.FromJson(error) : null,
            Usage = Text(fields, "usage"),
            Position = position < 0 ? null : position,
            Output = withOutput && status == JobStatus.Succeeded
                ? new JobOutput(Text(fields, "output_type") ?? JobOutput.Json, (byte[])reply[2]!)
                : null,
        };
    }

    /// <summary>Reads a row of <c>lease.lua</c>'s reply.</summary>
    public static LeasedJob ReadLease(QueueName queue, RedisResult[] row) => new()
    {
        Id = JobId.FromKey((string)row[0]!, queue),
        Attempt = (int)row[1],
        Endpoint = (string)row[2]!,
        Model = (string)row[3]!,
        Body = (byte[])row[4]!,
        TimeLeft = TimeSpan.FromMilliseconds((long)row[5]),
        Waited = TimeSpan.FromMilliseconds((long)row[6]),
        Traceparent = (string?)row[7] is { Length: > 0 } traceparent ? traceparent : null,
    };

    private static string? Text(Dictionary<string, RedisValue> fields, string name) =>
        fields.TryGetValue(name, out var value) ? (string?)value : null;

    private static DateTimeOffset? Time(Dictionary<string, RedisValue> fields, string name) =>
        long.TryParse(Text(fields, name), NumberStyles.None, CultureInfo.InvariantCulture, out var milliseconds)
            ? DateTimeOffset.FromUnixTimeMilliseconds(milliseconds)
            : null;
}
