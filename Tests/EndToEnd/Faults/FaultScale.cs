namespace AiPlatform.Tests.EndToEnd.Faults;

/// <summary>How a scenario is done, and how much of it.</summary>
internal sealed record FaultScale
{
    /// <summary>Redis' <c>appendfsync</c>.</summary>
    public string Flush { get; init; } = "always";

    /// <summary>The faults of a round of the plan.</summary>
    public required IReadOnlyList<FaultKind> Round { get; init; }

    /// <summary>Faults, where the number of requests does not decide.</summary>
    public int Faults { get; init; }

    public int Requests { get; init; } = int.MaxValue;

    public required int Clients { get; init; }

    /// <summary>Of a client between two requests.</summary>
    public required TimeSpan LongestPause { get; init; }

    /// <summary>Longer than clients need to ask for what they submitted. As long an idempotency key is known.</summary>
    public required TimeSpan ResultTtl { get; init; }

    /// <summary>Whether some requests have an idempotency key; writes that are lost may be those of keys.</summary>
    public bool WithKeys { get; init; } = true;

    /// <summary>Whether it ends when every key of the queue has gone.</summary>
    public bool WaitsForExpiry { get; init; } = true;
}
