namespace AiPlatform.Jobs;

/// <summary>
/// Where a job stands: <c>queued → running → succeeded | failed | canceled | expired</c>; a lost lease or a due retry leads
/// from running back to queued.
/// </summary>
public enum JobStatus
{
    Queued,
    Running,
    Succeeded,
    Failed,
    Canceled,

    /// <summary>Its deadline passed before it had a result.</summary>
    Expired,
}
