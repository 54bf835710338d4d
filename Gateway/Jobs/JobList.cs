namespace AiPlatform.Gateway.Jobs;

/// <summary>The answer of <c>GET /v1/jobs</c>.</summary>
internal sealed record JobList
{
    /// <summary>Always <c>list</c>.</summary>
    public required string Object { get; init; }

    /// <summary>The newest first; without their output.</summary>
    public required IReadOnlyList<JobResource> Data { get; init; }

    /// <summary>The id of the first job; null when there are none.</summary>
    public required string? FirstId { get; init; }

    /// <summary>
    /// The value of <c>after</c> for the next page: the id of the last job, or of an older job where the search stopped before the page was
    /// full. Null when there are no jobs, neither here nor on further pages.
    /// </summary>
    public required string? LastId { get; init; }

    /// <summary>Whether there are older jobs. A page may have fewer jobs than asked for, or none, without being the last.</summary>
    public required bool HasMore { get; init; }

    public static JobList Of(IReadOnlyList<Job> jobs, JobId? next) => new()
    {
        Object = "list",
        Data = [.. jobs.Select(JobResource.Of)],
        FirstId = jobs.Count == 0 ? null : jobs[0].Id.ToString(),
        LastId = next?.ToString() ?? (jobs.Count == 0 ? null : jobs[^1].Id.ToString()),
        HasMore = next is not null,
    };
}
