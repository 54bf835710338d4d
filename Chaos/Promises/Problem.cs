namespace AiPlatform.Chaos.Promises;

/// <summary>The meaning of a problem for a client.</summary>
internal enum ProblemKind
{
    /// <summary>An accepted job does not exist.</summary>
    Lost,

    /// <summary>A job was submitted, ran to its end, or was made for one idempotency key, more than once.</summary>
    Duplicated,

    /// <summary>A job or a request did not end within minutes; or keys of jobs were left although all jobs have ended.</summary>
    Stuck,

    /// <summary>Anything else: a wrong answer, a status that nobody should see, a process that ended by itself.</summary>
    Wrong,
}

/// <summary>A problem in a run.</summary>
/// <param name="Kind">Its kind.</param>
/// <param name="Id">The public id of the job that it is about, if any.</param>
/// <param name="What">A description.</param>
internal readonly record struct Problem(ProblemKind Kind, string? Id, string What);
