namespace AiPlatform.Jobs.Redis;

/// <summary>A job's record that cannot be read, because no version of this program can have written it.</summary>
/// <param name="Id">The job.</param>
/// <param name="Head">The line of the record, as it was read.</param>
/// <param name="State">The job's state, as it was read; empty when there was none.</param>
/// <param name="Why">What is wrong.</param>
internal sealed record DamagedRecord(JobId Id, byte[] Head, string State, string Why)
{
    /// <summary>The message for callers.</summary>
    public const string Explanation =
        "What Redis holds of this job is damaged and cannot be read. It is kept for the operator, but the job cannot be run or answered: "
        + "submit it again.";

    public static DamagedRecord Of(JobId id, ReadOnlyMemory<byte> record, string state, FormatException why)
    {
        var end = record.Span.IndexOf((byte)'\n');
        return new DamagedRecord(id, (end < 0 ? record : record[..end]).ToArray(), state, why.Message);
    }
}

/// <summary>A record has a form that only newer versions know. The job is not damaged: a process of a newer version can read it.</summary>
public sealed class NewerRecordException() : FormatException(Explanation)
{
    internal const string Explanation =
        "This job was stored by a newer version of AiPlatform, which this process cannot read. It is kept for processes of that version.";
}
