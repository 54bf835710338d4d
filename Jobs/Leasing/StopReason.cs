namespace AiPlatform.Jobs.Leasing;

/// <summary>Why a running job was stopped before it had a result.</summary>
public enum StopReason
{
    /// <summary>It was not stopped.</summary>
    None,

    /// <summary>The job is no longer ours: it was canceled, expired, or leased to another process. Its result is not wanted.</summary>
    NotOurs,

    /// <summary>Its deadline has passed.</summary>
    DeadlinePassed,

    /// <summary>The process stops, and the time to finish is up: the job goes back to the queue.</summary>
    ShuttingDown,
}
