using AiPlatform.Chaos.Processes;

namespace AiPlatform.Chaos.Faults;

/// <summary>The size and the settings of a scenario.</summary>
internal sealed record FaultScale
{
    /// <summary>Makes the Redis that the platform runs on; by default one that flushes every write.</summary>
    public Func<IRedisSetup> Redis { get; init; } = () => RedisAlone.With("always");

    /// <summary>The clock of Redis' machine, if the scenario steps it.</summary>
    public FalseClock? Clock { get; init; }

    /// <summary>The names under which the shipped model is served, each with a queue of its own.</summary>
    public IReadOnlyList<string> Models { get; init; } = [ModelNames.Shipped];

    /// <summary>How many Gateways and how many workers run: 1 or 2.</summary>
    public int ProcessesOfAKind { get; init; } = 2;

    /// <summary>The faults of a round of the plan.</summary>
    public required IReadOnlyList<FaultKind> Round { get; init; }

    /// <summary>The number of faults, if the number of requests does not decide.</summary>
    public int Faults { get; init; }

    public int Requests { get; init; } = int.MaxValue;

    /// <summary>No request is sent, and no fault begins, after this time.</summary>
    public TimeSpan Limit { get; init; } = Timeout.InfiniteTimeSpan;

    public required int Clients { get; init; }

    /// <summary>The longest pause of a client between two requests.</summary>
    public required TimeSpan LongestPause { get; init; }

    /// <summary>How long results and idempotency keys are kept; longer than clients need to read their jobs.</summary>
    public required TimeSpan ResultTtl { get; init; }

    /// <summary>Whether some requests have an idempotency key; lost writes may be those of keys.</summary>
    public bool WithKeys { get; init; } = true;

    /// <summary>Whether clients check all their jobs once more when everything has ended.</summary>
    public bool LooksAgain { get; init; }

    /// <summary>Whether the scenario ends only when all keys of the queues have expired.</summary>
    public bool WaitsForExpiry { get; init; }
}
