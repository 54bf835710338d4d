namespace AiPlatform.Gateway.Jobs;

/// <summary>The body of <c>POST /v1/jobs</c>. Fields that are not here are refused.</summary>
internal sealed record JobRequest
{
    /// <summary>Deadline of a job that names none.</summary>
    public static readonly TimeSpan DefaultDeadline = TimeSpan.FromHours(24);

    /// <summary>Longest deadline.</summary>
    public static readonly TimeSpan MaxDeadline = TimeSpan.FromDays(7);

    /// <summary>The route of the call: <c>/v1/embeddings</c> or <c>/v1/chat/completions</c>.</summary>
    public required string Endpoint { get; init; }

    /// <summary>The JSON of the synchronous call.</summary>
    public required object Body { get; init; }

    /// <summary>The lane to wait in: <c>interactive</c>, <c>default</c> (when absent) or <c>batch</c>.</summary>
    public string? Lane { get; init; }

    /// <summary>
    /// Seconds until the job expires, more than 0, decimals allowed, at most 604,800 (7 days); 86,400 (24 h) when absent.
    /// </summary>
    public double? DeadlineSeconds { get; init; }

    /// <summary>Not supported yet; only null is accepted.</summary>
    public string? Webhook { get; init; }

    /// <summary>
    /// The caller's own pairs, which are returned unchanged: at most 16, keys of 1 to 64 characters, values of at most 512.
    /// </summary>
    public IReadOnlyDictionary<string, string>? Metadata { get; init; }
}
