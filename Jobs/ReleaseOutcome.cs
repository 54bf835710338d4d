namespace AiPlatform.Jobs;

public enum ReleaseOutcome
{
    /// <summary>The lease was no longer ours; nothing was changed.</summary>
    Refused,

    /// <summary>The job waits again.</summary>
    Requeued,

    /// <summary>It was its last attempt; the job has failed.</summary>
    Failed,
}
