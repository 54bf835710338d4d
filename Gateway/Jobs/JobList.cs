using AiPlatform.Jobs;

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

    /// <summary>The last one's id, to be given as <c>after</c> for the next page; null when there are none.</summary>
    public required string? LastId { get; init; }

    /// <summary>Whether there are older ones.</summary>
    public required bool HasMore { get; init; }

    public static JobList Of(IReadOnlyList<Job> jobs, bool hasMore) => new()
    {
        Object = "list",
        Data = [.. jobs.Select(JobResource.Of)],
        FirstId = jobs.Count == 0 ? null : jobs[0].Id.ToString(),
        LastId = jobs.Count == 0 ? null : jobs[^1].Id.ToString(),
        HasMore = hasMore,
    };
}
