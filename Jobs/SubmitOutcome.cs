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
}
