namespace AiPlatform.Jobs;

public enum SubmitOutcome
{
    /// <summary>The job is durable and waits.</summary>
    Accepted,

    /// <summary>A job of this id was there already; nothing was changed.</summary>
    AlreadyThere,

    /// <summary>The queue holds its limit of waiting jobs; nothing was stored.</summary>
    QueueFull,

    /// <summary>The queue holds the tenant's limit of waiting jobs; nothing was stored.</summary>
    TenantFull,

    /// <summary>The tenant's jobs and results in the queue take its limit of bytes; nothing was stored.</summary>
    TenantBytesFull,
}
