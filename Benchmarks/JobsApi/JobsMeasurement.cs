using AiPlatform.Benchmarks.Processes;

namespace AiPlatform.Benchmarks.JobsApi;

/// <summary>The result of one run. CPU times are in microseconds for each job.</summary>
internal sealed record JobsMeasurement
{
    public required LoadResult Load { get; init; }
    public required double RedisMicroseconds { get; init; }
    public required double WorkerMicroseconds { get; init; }

    /// <summary>CPU time of the process that serves HTTP.</summary>
    public required double FrontMicroseconds { get; init; }

    /// <summary>Cores that other programs, including the load generator, used during the run.</summary>
    public required double OtherCores { get; init; }
}
