namespace AiPlatform.Jobs;

public enum RequeueOutcome
{
    /// <summary>It waits again.</summary>
    Requeued,

    /// <summary>It is not there, or another tenant's.</summary>
    NotFound,

    /// <summary>It has not ended, or has a result.</summary>
    NotRequeueable,

    /// <summary>Its queue is full.</summary>
    QueueFull,

    /// <summary>Its tenant has its limit of jobs waiting there.</summary>
    TenantFull,
}
