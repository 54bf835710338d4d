using AiPlatform.Benchmarks.Processes;

namespace AiPlatform.Benchmarks.Providers;

/// <summary>The result of one load.</summary>
internal sealed record LoadMeasurement
{
    public required LoadResult Load { get; init; }

    /// <summary>CPU time of the measured process for one answer.</summary>
    public required double CpuMicroseconds { get; init; }

    /// <summary>Cores that programs outside the measurement used during it.</summary>
    public required double OtherCores { get; init; }
}
