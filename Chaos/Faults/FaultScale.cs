using AiPlatform.Chaos.Processes;

namespace AiPlatform.Chaos.Faults;

/// <summary>How a scenario is done, and how much of it.</summary>
internal sealed record FaultScale
{
    /// <summary>Makes the Redis that the platform runs on; by default one that flushes every write.</summary>
    public Func<IRedisSetup> Redis { get; init; } = () => RedisAlone.With("always");

    /// <summary>The clock of Redis' machine, where it is to be stepped.</summary>
    public FalseClock? Clock { get; init; }

    /// <summary>The names that the shipped model is served by, each with a queue of its own.</summary>
    public IReadOnlyList<string> Models { get; init; } = [ModelNames.Shipped];

    /// <summary>Gateways, and workers, that run: 1 or 2.</summary>
    public int ProcessesOfAKind { get; init; } = 2;

    /// <summary>The faults of a round of the plan.</summary>
    public required IReadOnlyList<FaultKind> Round { get; init; }

    /// <summary>Faults, where the number of requests does not decide.</summary>
    public int Faults { get; init; }

    public int Requests { get; init; } = int.MaxValue;

    /// <summary>No request is sent, and no fault begins, after this time.</summary>
    public TimeSpan Limit { get; init; } = Timeout.InfiniteTimeSpan;

    public required int Clients { get; init; }

    /// <summary>Of a client between two requests.</summary>
    public required TimeSpan LongestPause { get; init; }

    /// <summary>Longer than clients need to ask for what they submitted. As long an idempotency key is known.</summary>
    public required TimeSpan ResultTtl { get; init; }

    /// <summary>Whether some requests have an idempotency key; writes that are lost may be those of keys.</summary>
    public bool WithKeys { get; init; } = true;

    /// <summary>Whether clients, when everything has ended, ask once more for all that they were promised.</summary>
    public bool LooksAgain { get; init; }

    /// <summary>Whether it ends when every key of the queues has gone.</summary>
    public bool WaitsForExpiry { get; init; }
}
