using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.Json;
using AiPlatform.Jobs.Redis;
using AiPlatform.Jobs.Tasks;

namespace AiPlatform.Jobs.Store;

/// <summary>
/// Reads and writes the stored form of jobs; <see cref="RedisKeys"/> describes it. Unknown fields of other versions are ignored.
/// </summary>
public static class JobRecord
{
    private const int FixedFields = 7;

    private static readonly long LastTime = DateTimeOffset.MaxValue.ToUnixTimeMilliseconds();

    /// <summary>Reads a job that has ended, or that waits or runs.</summary>
    /// <param name="id">The job.</param>
    /// <param name="record">Its record; the content may be left out.</param>
    /// <param name="state">Its state; empty when it has ended or was never leased.</param>
    /// <param name="position">An estimate of the jobs that are leased before it; -1 when it does not wait in a lane.</param>
    /// <param name="withOutput">Whether the record has its content and the caller wants it.</param>
    /// <exception cref="NewerRecordException">A newer version wrote it.</exception>
    /// <exception cref="FormatException">No version of this program can have written it.</exception>
    public static Job Read(JobId id, ReadOnlyMemory<byte> record, string state, long position, bool withOutput)
    {
        var (head, content) = Split(record);
        var fields = new Fields(head);
        var created = Time(fields.Created);
        var (status, attempts, events, history) = Standing(fields, state, created);
        return new Job
        {
            Id = id,
            Status = status,
            Endpoint = fields.Endpoint,
            Model = id.Queue.Model,
            Tenant = fields.Tenant,
            Lane = LaneNames.FromLetter(fields.Lane),
            CreatedAt = created,
            Deadline = Time(fields.Deadline),
            Attempts = attempts,
            History = history,
            EventCount = events,
            Metadata = fields.Metadata,
            TraceId = TraceOf(fields.Traceparent),
            Progress = fields.Progress,
            Error = fields.Error is { } error ? InferenceError.FromJson(error) : null,
            Usage = fields.Usage,
            Cost = fields.Cost,
            Hold = fields.Hold,
            HeldTokens = fields.HeldTokens,
            Position = position < 0 ? null : position,
            Output = withOutput && status == JobStatus.Succeeded ? new JobOutput(fields.OutputType ?? JobOutput.Json, content) : null,
        };
    }

    /// <summary>Reads a job that was leased at the time <paramref name="now"/> (ms since 1970).</summary>
    internal static LeasedJob ReadLease(JobId id, string state, ReadOnlyMemory<byte> record, long now)
    {
        var (head, content) = Split(record);
        var fields = new Fields(head);
        var attemptEnd = state.IndexOf(' ', 2);
        return new LeasedJob
        {
            Id = id,
            Attempt = attemptEnd < 0 ? 0 : Number(state.AsSpan(2, attemptEnd - 2)),
            Tenant = fields.Tenant,
            Endpoint = fields.Endpoint,
            Model = id.Queue.Model,
            Body = content,
            TimeLeft = TimeSpan.FromMilliseconds(fields.Deadline - now),
            Waited = TimeSpan.FromMilliseconds(Math.Max(0, now - fields.Created)),
            Traceparent = fields.Traceparent,
            Hold = fields.Hold,
            Ticket = new LeaseTicket(
                state, WithoutWatcher(head), fields.Tenant, fields.Watcher ?? "", record.Length + fields.ResultBytes),
        };
    }

    /// <summary>Writes the line of a job that succeeds, up to the time of its last change; empty when the script has to make it.</summary>
    internal static string WriteSuccess(LeasedJob job)
    {
        if (job.Ticket is not { } ticket) return "";

        var history = ticket.State.AsSpan(ticket.State.LastIndexOf("  ", StringComparison.Ordinal) + 2);
        return string.Create(CultureInfo.InvariantCulture, $"{ticket.Head}\ts=succeeded\ta={job.Attempt}\th={history} s");
    }

    /// <summary>Writes the part of a new record's line that follows the lane.</summary>
    internal static string WriteHead(JobSubmission job)
    {
        var head = new StringBuilder(160);
        head.Append(CultureInfo.InvariantCulture, $"{job.Cost}\t{job.Tenant}\t{job.Endpoint}");
        if (job.ResultBytes > 0) head.Append(CultureInfo.InvariantCulture, $"\tb={job.ResultBytes}");
        Append(head, 'l', job.Hold);
        if (job.Hold is not null) head.Append(CultureInfo.InvariantCulture, $"\tk={job.HeldTokens}");
        Append(head, 'm', job.Metadata);
        Append(head, 't', job.Traceparent);
        Append(head, 'w', job.Watcher);
        return head.ToString();
    }

    /// <summary>Writes the fields that an outcome adds to a record's line.</summary>
    internal static string WriteOutcome(JobOutcome outcome)
    {
        var fields = new StringBuilder(96);
        Append(fields, 'u', outcome.Usage);
        Append(fields, 'o', outcome.Output?.ContentType);
        Append(fields, 'e', outcome.Error?.ToJson());
        return fields.ToString();
    }

    /// <summary>Removes the last field, the Gateway that waits, which is needed only until the job ends.</summary>
    private static string WithoutWatcher(string head)
    {
        var end = head.IndexOf("\tw=", StringComparison.Ordinal);
        return end < 0 ? head : head[..end];
    }

    private static string? TraceOf(string? traceparent) =>
        ActivityContext.TryParse(traceparent, null, out var context) ? context.TraceId.ToHexString() : null;

    private static void Append(StringBuilder head, char name, string? value)
    {
        if (!string.IsNullOrEmpty(value)) head.Append('\t').Append(name).Append('=').Append(value);
    }

    private static (string Head, ReadOnlyMemory<byte> Content) Split(ReadOnlyMemory<byte> record)
    {
        var end = record.Span.IndexOf((byte)'\n');
        return end < 0
            ? throw new FormatException("A job's record has no line. Another program wrote it.")
            : (Encoding.UTF8.GetString(record.Span[..end]), record[(end + 1)..]);
    }

    private static (JobStatus Status, int Attempts, long Events, JobHistory History) Standing(
        Fields fields, string state, DateTimeOffset created)
    {
        if (fields.Status is { } ended)
        {
            var whole = JobHistory.Parse(fields.History ?? "", created);
            return (JobStatusNames.Parse(ended), fields.Attempts, whole.Changes[^1].EventsBefore, whole);
        }

        if (state.Length == 0) return (JobStatus.Queued, 0, 0, JobHistory.Begin(created));

        var parts = state.Split(' ', 8);
        return parts.Length == 8
            ? (parts[0] == "r" ? JobStatus.Running : JobStatus.Queued, Number(parts[1]), Number(parts[4]),
                JobHistory.Parse(parts[7], created))
            : throw new FormatException("A job's state cannot be read. Another program wrote it.");
    }

    private static long Milliseconds(ReadOnlySpan<char> text) =>
        long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number <= LastTime
            ? number
            : throw new FormatException("A time in a job's record cannot be read. Another program wrote it.");

    private static DateTimeOffset Time(long milliseconds) => DateTimeOffset.FromUnixTimeMilliseconds(milliseconds);

    private static int Number(ReadOnlySpan<char> text) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : 0;

    /// <summary>A record's line.</summary>
    private readonly struct Fields
    {
        public Fields(string head)
        {
            var number = 0;
            foreach (var range in head.AsSpan().Split('\t'))
            {
                var field = head.AsSpan(range);
                switch (number++)
                {
                    case 0 when field is [>= '2' and <= '9', ..]: throw new NewerRecordException();
                    case 0 when field is not "1": throw Unreadable();
                    case 1: Created = Milliseconds(field); break;
                    case 2: Deadline = Milliseconds(field); break;
                    case 3: Lane = field is "i" or "d" or "b" ? field[0] : throw Unreadable(); break;
                    case 4 when field.IsEmpty || field.ContainsAnyExceptInRange('0', '9'): throw Unreadable();
                    case 4: Cost = long.TryParse(field, NumberStyles.None, null, out var cost) ? cost : 0; break;
                    case 5: Tenant = field.ToString(); break;
                    case 6: Endpoint = ModelTasks.Known(field); break;
                    case >= FixedFields when field.Length > 1 && field[1] == '=':
                        var value = field[2..];
                        switch (field[0])
                        {
                            case 'b': ResultBytes = long.TryParse(value, NumberStyles.None, null, out var bytes) ? bytes : 0; break;
                            case 'l': Hold = value.ToString(); break;
                            case 'k': HeldTokens = long.TryParse(value, NumberStyles.None, null, out var tokens) ? tokens : null; break;
                            case 'm': Metadata = value.ToString(); break;
                            case 't': Traceparent = value.ToString(); break;
                            case 'w': Watcher = value.ToString(); break;
                            case 's': Status = value.ToString(); break;
                            case 'a': Attempts = Number(value); break;
                            case 'h': History = value.ToString(); break;
                            case 'u': Usage = value.ToString(); break;
                            case 'o': OutputType = value.ToString(); break;
                            case 'e': Error = value.ToString(); break;
                            case 'p': Progress = value.ToString(); break;
                        }

                        break;
                }
            }

            if (number < FixedFields || Tenant.Length == 0 || !IsJson(Metadata) || !IsJson(Usage) || !IsJson(Progress)) throw Unreadable();
        }

        private static FormatException Unreadable() => new("A job's record cannot be read. Another program wrote it.");

        /// <summary>Whether a text is JSON. Texts that the Gateway shows as JSON must be valid.</summary>
        private static bool IsJson(string? text)
        {
            if (text is null) return true;
            try
            {
                var reader = new Utf8JsonReader(Encoding.UTF8.GetBytes(text));
                reader.Read();
                reader.Skip();
                return !reader.Read();
            }
            catch (JsonException)
            {
                return false;
            }
        }

        public long Created { get; }
        public long Deadline { get; }
        public char Lane { get; }
        public string Tenant { get; } = "";
        public string Endpoint { get; } = "";
        public long ResultBytes { get; }
        public long Cost { get; }
        public string? Hold { get; }
        public long? HeldTokens { get; }
        public string? Metadata { get; }
        public string? Traceparent { get; }
        public string? Watcher { get; }
        public string? Status { get; }
        public int Attempts { get; }
        public string? History { get; }
        public string? Usage { get; }
        public string? OutputType { get; }
        public string? Error { get; }
        public string? Progress { get; }
    }
}
