using System.Text.Json;

namespace AiPlatform.Client.Jobs;

/// <summary>A call to be run as a job.</summary>
public sealed record JobRequest
{
    /// <summary>The route of the call, such as <c>/v1/chat/completions</c>.</summary>
    public required string Endpoint { get; init; }

    /// <summary>The JSON object of the synchronous call.</summary>
    public required JsonElement Body { get; init; }

    /// <summary><c>interactive</c>, <c>default</c> (when null) or <c>batch</c> for work that can wait.</summary>
    public string? Lane { get; init; }

    /// <summary>Time until the job expires without a result: more than 0, at most 7 days; a day when null.</summary>
    public TimeSpan? Deadline { get; init; }

    /// <summary>The caller's own pairs: at most 16, names of 1 to 64 characters, values of at most 512.</summary>
    public IReadOnlyDictionary<string, string>? Metadata { get; init; }

    /// <summary>
    /// Requests with the same key and the same body are one job, for a day, also when the program was started again in between. Null makes
    /// a new key, so that only the retries of this call are one job.
    /// </summary>
    public string? IdempotencyKey { get; init; }
}

/// <summary>The body of a submit.</summary>
internal sealed record JobSubmission
{
    public required string Endpoint { get; init; }

    public required JsonElement Body { get; init; }

    public string? Lane { get; init; }

    public double? DeadlineSeconds { get; init; }

    public IReadOnlyDictionary<string, string>? Metadata { get; init; }
}

/// <summary>A page of jobs.</summary>
internal sealed record JobPage
{
    public required IReadOnlyList<Job> Data { get; init; }

    /// <summary>Where the next page begins.</summary>
    public string? LastId { get; init; }

    public bool HasMore { get; init; }
}
