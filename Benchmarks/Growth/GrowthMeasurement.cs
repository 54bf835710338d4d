namespace AiPlatform.Benchmarks.Growth;

/// <summary>What one load costs. Times are medians, in milliseconds, as a process sees them.</summary>
internal sealed record GrowthMeasurement
{
    public required double SubmitMilliseconds { get; init; }
    public required double LeaseMilliseconds { get; init; }
    public required double CommitMilliseconds { get; init; }

    /// <summary>A page of a tenant's jobs.</summary>
    public required double ListMilliseconds { get; init; }

    /// <summary>A sweep, as every process makes it twice a second.</summary>
    public required double SweepMilliseconds { get; init; }

    /// <summary>The catalog of models and workers, as every Gateway reads it every two seconds.</summary>
    public required double CatalogMilliseconds { get; init; }

    /// <summary>Time of the three scripts of a job inside Redis, in microseconds.</summary>
    public required double ScriptMicroseconds { get; init; }

    /// <summary>Memory of a waiting job with its payload; null where none waits.</summary>
    public required double? BytesPerWaitingJob { get; init; }

    /// <summary>Cores that other programs used during the run.</summary>
    public required double OtherCores { get; init; }
}
