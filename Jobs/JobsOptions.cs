using System.ComponentModel.DataAnnotations;
using Microsoft.Extensions.Options;

namespace AiPlatform.Jobs;

/// <summary>Settings of the job queue; section <c>Jobs</c>. Gateway and workers must agree on them.</summary>
public sealed class JobsOptions
{
    public const string SectionName = "Jobs";

    /// <summary>How long a worker may hold a job without renewing. Default 30 s, 1 s to 1 h. Renewed at a third.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "01:00:00")]
    public TimeSpan LeaseDuration { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How often lost leases, deadlines and due retries are looked for. Default 500 ms, 50 ms to 1 min.</summary>
    [Range(typeof(TimeSpan), "00:00:00.050", "00:01:00")]
    public TimeSpan SweepInterval { get; init; } = TimeSpan.FromMilliseconds(500);

    /// <summary>How often a worker or a waiting Gateway looks by itself, should a message be lost. Default 2 s, 100 ms to 1 min.</summary>
    [Range(typeof(TimeSpan), "00:00:00.100", "00:01:00")]
    public TimeSpan PollInterval { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>
    /// How long a finished job and its result are kept, and an idempotency key from its first use. Default 24 h, 1 s to 30 days.
    /// </summary>
    [Range(typeof(TimeSpan), "00:00:01", "30.00:00:00")]
    public TimeSpan ResultTtl { get; init; } = TimeSpan.FromHours(24);

    /// <summary>How long a job that failed for good after all its attempts is kept. Default 7 days, 1 s to 365 days.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "365.00:00:00")]
    public TimeSpan DeadLetterTtl { get; init; } = TimeSpan.FromDays(7);

    /// <summary>How long the log of output and progress is kept after a job's end. Default 10 min, 1 s to 30 days.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "30.00:00:00")]
    public TimeSpan EventsTtl { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>Jobs that may wait in one queue; a submit beyond it answers 429. Default 50,000, 1 to 10,000,000.</summary>
    [Range(1, 10_000_000)]
    public int MaxQueueDepth { get; init; } = 50_000;

    /// <summary>Jobs of one tenant that may wait in one queue; a submit beyond it answers 429. Default 10,000, 1 to 10,000,000.</summary>
    [Range(1, 10_000_000)]
    public int MaxQueuedPerTenant { get; init; } = 10_000;

    /// <summary>
    /// Bytes that the jobs of one tenant in one queue may take in Redis: requests that wait or are kept, results, and what results of
    /// waiting jobs are expected to take; a submit beyond it answers 429. Default 4 GiB, 1 MiB to 1 PiB.
    /// </summary>
    [Range(1024L * 1024, 1024L * 1024 * 1024 * 1024 * 1024)]
    public long MaxBytesPerTenant { get; init; } = 4L * 1024 * 1024 * 1024;

    /// <summary>Jobs of one tenant that may run at a time in one queue; further ones wait. Default 0, no limit; 0 to 1,000,000.</summary>
    [Range(0, 1_000_000)]
    public int MaxRunningPerTenant { get; init; }

    /// <summary>Failed runs of a job before it has failed for good. Default 3, 1 to 100.</summary>
    [Range(1, 100)]
    public int MaxFailures { get; init; } = 3;

    /// <summary>Lost leases of a job before it has failed for good. Default 5, 1 to 1,000.</summary>
    [Range(1, 1_000)]
    public int MaxLostLeases { get; init; } = 5;

    /// <summary>Wait before a failed run is tried again; doubled each time, up to a day. Default 1 s, 0 to 10 min.</summary>
    [Range(typeof(TimeSpan), "00:00:00", "00:10:00")]
    public TimeSpan RetryDelay { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>A worker without a heartbeat for this long is gone. Default 15 s, 1 s to 10 min.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "00:10:00")]
    public TimeSpan HeartbeatTtl { get; init; } = TimeSpan.FromSeconds(15);
}

/// <summary>Checks <see cref="JobsOptions"/> at start.</summary>
[OptionsValidator]
internal sealed partial class JobsOptionsValidator : IValidateOptions<JobsOptions>;
