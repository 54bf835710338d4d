namespace AiPlatform.Jobs;

public enum SubmitOutcome
{
    /// <summary>The job is written and waits for a worker.</summary>
    Accepted,

    /// <summary>A job of this id was there; nothing was changed.</summary>
    AlreadyThere,

    /// <summary>The queue holds its limit of waiting jobs; nothing was written.</summary>
    QueueFull,
}
