namespace AiPlatform.Jobs.Store;

/// <summary>A record has a form that only newer versions know. The job is whole: one of their processes can read it.</summary>
public sealed class NewerRecordException() : FormatException(Explanation)
{
    internal const string Explanation =
        "This job was stored by a newer version of AiPlatform, which this process cannot read. It is kept for processes of that version.";
}
