namespace AiPlatform.Gateway.Jobs;

/// <summary>The answer of <c>GET /v1/jobs</c>.</summary>
internal sealed record JobList
{
    /// <summary>Always <c>list</c>.</summary>
    public required string Object { get; init; }

    /// <summary>The newest first; without their output.</summary>
    public required IReadOnlyList<JobResource> Data { get; init; }

    /// <summary>The first one's id; null when there are none.</summary>
    public required string? FirstId { get; init; }

    /// <summary>
    /// To be given as <c>after</c> for the next page: the last one's id, or the id of an older job where looking for fitting ones stopped
    /// before the page was full. Null when there are none, and no more.
    /// </summary>
    public required string? LastId { get; init; }

    /// <summary>Whether there are older ones; a page may have fewer than asked for, or none, and yet not be the last.</summary>
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
