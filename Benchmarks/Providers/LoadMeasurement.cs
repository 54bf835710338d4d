using AiPlatform.Benchmarks.Processes;

namespace AiPlatform.Benchmarks.Providers;

/// <summary>What one load gave.</summary>
internal sealed record LoadMeasurement
{
    public required LoadResult Load { get; init; }

    /// <summary>CPU time of what is measured, for one answer.</summary>
    public required double CpuMicroseconds { get; init; }

    /// <summary>Cores that programs besides those of the measurement used meanwhile.</summary>
    public required double OtherCores { get; init; }
}
