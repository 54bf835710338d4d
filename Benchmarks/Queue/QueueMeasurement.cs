namespace AiPlatform.Benchmarks.Queue;

/// <summary>The result of one run of a queue. CPU times are in microseconds for each job, from <c>/proc/PID/stat</c>.</summary>
internal sealed record QueueMeasurement
{
    public required double JobsPerSecond { get; init; }
    public required double P50Milliseconds { get; init; }
    public required double P99Milliseconds { get; init; }
    public required double RedisMicroseconds { get; init; }
    public required double WorkerMicroseconds { get; init; }
    public required double ProducerMicroseconds { get; init; }
    public required double CommandsPerJob { get; init; }
    public required double ScriptsPerJob { get; init; }

    /// <summary>The commands of a job, the most frequent first.</summary>
    public required string Commands { get; init; }

    /// <summary>Growth of Redis' <c>used_memory</c> for each finished job, without the payload that the job keeps.</summary>
    public required double BytesPerJob { get; init; }

    /// <summary>Cores that other programs used during the run.</summary>
    public required double OtherCores { get; init; }
}
