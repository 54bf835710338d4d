namespace AiPlatform.Jobs;

/// <summary>A job's record as read from the store at one moment.</summary>
public sealed record Job
{
    public required JobId Id { get; init; }
    public required JobStatus Status { get; init; }
    public required string Endpoint { get; init; }
    public required string Model { get; init; }
    public required string Tenant { get; init; }
    public required string Lane { get; init; }
    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>When the latest attempt began; null while none has.</summary>
    public DateTimeOffset? StartedAt { get; init; }

    public DateTimeOffset? FinishedAt { get; init; }
    public required DateTimeOffset Deadline { get; init; }

    /// <summary>Number of leases taken so far: the fencing token of the latest.</summary>
    public required int Attempts { get; init; }

    /// <summary>The caller's own pairs as a JSON object, or null.</summary>
    public string? Metadata { get; init; }

    /// <summary>Why it failed; set when <see cref="Status"/> is failed, canceled or expired.</summary>
    public InferenceError? Error { get; init; }

    /// <summary>Tokens read and written, as the OpenAI dialect's <c>usage</c> JSON object; null until it succeeded.</summary>
    public string? Usage { get; init; }

    /// <summary>Jobs ahead of it in the queue, 0 for the next one; null unless queued.</summary>
    public long? Position { get; init; }

    /// <summary>The result; null unless it succeeded and was asked for.</summary>
    public JobOutput? Output { get; init; }
}
