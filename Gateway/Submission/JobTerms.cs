using AiPlatform.Jobs.Idempotency;

namespace AiPlatform.Gateway.Submission;

/// <summary>On what terms a call becomes a job.</summary>
internal sealed record JobTerms
{
    /// <summary>Who calls.</summary>
    public required string Tenant { get; init; }

    public required Lane Lane { get; init; }

    /// <summary>Time until it expires; of a synchronous call the time that it waits.</summary>
    public required TimeSpan Deadline { get; init; }

    /// <summary>The caller's own pairs as a JSON object, or null.</summary>
    public string? Metadata { get; init; }

    /// <summary>What the caller names the request by, should it come again; null when it does not.</summary>
    public IdempotencyKey? IdempotencyKey { get; init; }
}
