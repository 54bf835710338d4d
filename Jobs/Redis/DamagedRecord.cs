namespace AiPlatform.Jobs.Redis;

/// <summary>What stands in the place of a job and cannot be read: no version of this program wrote it so.</summary>
/// <param name="Id">The job.</param>
/// <param name="Head">The record's line as it was read.</param>
/// <param name="State">Its state as it was read; empty when none was.</param>
/// <param name="Why">What is wrong.</param>
internal sealed record DamagedRecord(JobId Id, byte[] Head, string State, string Why)
{
    /// <summary>What a caller is told of it.</summary>
    public const string Explanation =
        "What Redis holds of this job is damaged and cannot be read. It is kept for the operator, but the job cannot be run or answered: "
        + "submit it again.";

    public static DamagedRecord Of(JobId id, ReadOnlyMemory<byte> record, string state, FormatException why)
    {
        var end = record.Span.IndexOf((byte)'\n');
        return new DamagedRecord(id, (end < 0 ? record : record[..end]).ToArray(), state, why.Message);
    }
}

/// <summary>A record has a form that only newer versions know. The job is whole: one of their processes can read it.</summary>
public sealed class NewerRecordException() : FormatException(Explanation)
{
    internal const string Explanation =
        "This job was stored by a newer version of AiPlatform, which this process cannot read. It is kept for processes of that version.";
}
