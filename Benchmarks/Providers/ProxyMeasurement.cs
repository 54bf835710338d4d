namespace AiPlatform.Benchmarks.Providers;

/// <summary>The result of one system in one run.</summary>
internal sealed record ProxyMeasurement
{
    /// <summary>Whole answers, one at a time.</summary>
    public required LoadMeasurement OneByOne { get; init; }

    /// <summary>Whole answers on many connections.</summary>
    public required LoadMeasurement Together { get; init; }

    public required LoadMeasurement StreamsByChunks { get; init; }

    public required LoadMeasurement StreamsAtOnce { get; init; }

    /// <summary>Users of a slow model; null if that is not compared.</summary>
    public required LoadMeasurement? Users { get; init; }

    /// <summary>The most cores that others used during one of the loads.</summary>
    public double OtherCores =>
        new[] { OneByOne, Together, StreamsByChunks, StreamsAtOnce, Users }.Max(load => load?.OtherCores ?? 0);
}
