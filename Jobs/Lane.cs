namespace AiPlatform.Jobs;

/// <summary>
/// Where a job waits. Lanes are served in this order, but a lower one in which jobs wait gets at least every tenth.
/// </summary>
public enum Lane
{
    /// <summary>Somebody waits for the answer.</summary>
    Interactive,

    /// <summary>Jobs that do not say.</summary>
    Default,

    /// <summary>Work that has time.</summary>
    Batch,
}
