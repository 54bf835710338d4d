using AiPlatform.Gateway.Limits;
using AiPlatform.Jobs.Idempotency;

namespace AiPlatform.Gateway.Submission;

/// <summary>The terms under which a call becomes a job.</summary>
internal sealed record JobTerms
{
    /// <summary>The tenant that calls.</summary>
    public required string Tenant { get; init; }

    public required Lane Lane { get; init; }

    /// <summary>Time until the job expires; for a synchronous call it is the time that the call waits.</summary>
    public required TimeSpan Deadline { get; init; }

    /// <summary>The caller's own pairs as a JSON object, or null.</summary>
    public string? Metadata { get; init; }

    /// <summary>The limits of its caller; null when it has none.</summary>
    public required LimitedCall? Limits { get; init; }

    /// <summary>The idempotency key of the request; null when it has none.</summary>
    public IdempotencyKey? IdempotencyKey { get; init; }
}
