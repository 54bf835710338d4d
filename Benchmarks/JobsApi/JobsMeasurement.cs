using AiPlatform.Benchmarks.Processes;

namespace AiPlatform.Benchmarks.JobsApi;

/// <summary>What one run gave. CPU is in microseconds a job.</summary>
internal sealed record JobsMeasurement
{
    public required LoadResult Load { get; init; }
    public required double RedisMicroseconds { get; init; }
    public required double WorkerMicroseconds { get; init; }

    /// <summary>Of the process that speaks HTTP.</summary>
    public required double FrontMicroseconds { get; init; }

    /// <summary>Cores that other programs, the load generator among them, used meanwhile.</summary>
    public required double OtherCores { get; init; }
}
