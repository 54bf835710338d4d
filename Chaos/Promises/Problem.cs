namespace AiPlatform.Chaos.Promises;

/// <summary>What a problem means for whoever was promised something.</summary>
internal enum ProblemKind
{
    /// <summary>A job that was accepted is not there.</summary>
    Lost,

    /// <summary>A job was submitted, ran to its end, or was made for one idempotency key, more than once.</summary>
    Duplicated,

    /// <summary>A job, or a request, had no end within minutes; or something was left of jobs that all have ended.</summary>
    Stuck,

    /// <summary>Anything else: a wrong answer, a status that nobody should see, a process that ended by itself.</summary>
    Wrong,
}

/// <summary>Something is not as it must be.</summary>
/// <param name="Kind">What it means.</param>
/// <param name="Id">The public id of the job that it is about, if any.</param>
/// <param name="What">In words.</param>
internal readonly record struct Problem(ProblemKind Kind, string? Id, string What);
