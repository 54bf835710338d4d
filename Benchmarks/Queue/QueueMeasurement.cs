namespace AiPlatform.Benchmarks.Queue;

/// <summary>What one run of a queue gave. CPU is in microseconds a job, from <c>/proc/PID/stat</c>.</summary>
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

    /// <summary>The commands themselves, most frequent first.</summary>
    public required string Commands { get; init; }

    /// <summary>Growth of Redis' <c>used_memory</c> divided by the finished jobs, without what payloads they keep.</summary>
    public required double BytesPerJob { get; init; }

    /// <summary>Cores that other programs used meanwhile.</summary>
    public required double OtherCores { get; init; }
}
