using AiPlatform.Benchmarks.Providers;

namespace AiPlatform.Benchmarks.Https;

/// <summary>The result of one version of HTTP in one run.</summary>
/// <param name="Whole">Whole answers on many connections.</param>
/// <param name="Streams">Streams whose chunks are written apart, on many connections.</param>
/// <param name="Waiting">Clients that all wait at the same time.</param>
internal sealed record HttpsMeasurement(LoadMeasurement Whole, LoadMeasurement Streams, WaitingMeasurement Waiting)
{
    /// <summary>The most cores that others used during one of the loads.</summary>
    public double OtherCores => new[] { Whole, Streams, Waiting.Load }.Max(load => load.OtherCores);
}
