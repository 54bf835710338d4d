using System.ComponentModel.DataAnnotations;
using Microsoft.Extensions.Options;

namespace AiPlatform.Jobs;

/// <summary>Settings of the job queue; section <c>Jobs</c>. The Gateway and the workers must have the same ones.</summary>
public sealed class JobsOptions
{
    public const string SectionName = "Jobs";

    /// <summary>
    /// How long a worker may hold a job without renewing its lease. Default 10 s, 1 s to 1 h; workers renew after a third of it.
    /// </summary>
    [Range(typeof(TimeSpan), "00:00:01", "01:00:00")]
    public TimeSpan LeaseDuration { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>
    /// How often a process sweeps: it looks for lost leases, passed deadlines and due retries. Default 500 ms, 50 ms to 1 min.
    /// </summary>
    [Range(typeof(TimeSpan), "00:00:00.050", "00:01:00")]
    public TimeSpan SweepInterval { get; init; } = TimeSpan.FromMilliseconds(500);

    /// <summary>
    /// How often an idle worker, and a Gateway that waits for a result, polls Redis without a notification. A lost notification delays a
    /// job by at most this time, or by a lease if it carried the job. Default 2 s, 100 ms to 1 min.
    /// </summary>
    [Range(typeof(TimeSpan), "00:00:00.100", "00:01:00")]
    public TimeSpan PollInterval { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>
    /// How long a finished job and its result are kept, and how long an idempotency key is kept after its first use. Default 24 h, 1 s to
    /// 30 days.
    /// </summary>
    [Range(typeof(TimeSpan), "00:00:01", "30.00:00:00")]
    public TimeSpan ResultTtl { get; init; } = TimeSpan.FromHours(24);

    /// <summary>How long a dead letter is kept: a job that failed after all its attempts. Default 7 days, 1 s to 365 days.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "365.00:00:00")]
    public TimeSpan DeadLetterTtl { get; init; } = TimeSpan.FromDays(7);

    /// <summary>
    /// How long the log of a job's output and progress is kept after its end; its changes of status stay as long as the job. Default 10
    /// min, 1 s to 30 days.
    /// </summary>
    [Range(typeof(TimeSpan), "00:00:01", "30.00:00:00")]
    public TimeSpan EventsTtl { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>
    /// Jobs that may wait in one queue, which is one model's; a submit beyond it answers 429. Default 50,000, 1 to 10,000,000.
    /// </summary>
    [Range(1, 10_000_000)]
    public int MaxQueueDepth { get; init; } = 50_000;

    /// <summary>Jobs of one tenant that may wait in one queue; a submit beyond it answers 429. Default 10,000, 1 to 10,000,000.</summary>
    [Range(1, 10_000_000)]
    public int MaxQueuedPerTenant { get; init; } = 10_000;

    /// <summary>
    /// Bytes that the jobs of one tenant in one queue may take in Redis: requests, results, and the expected results of waiting jobs; a
    /// submit beyond it answers 429. Default 4 GiB, 1 MiB to 1 PiB.
    /// </summary>
    [Range(1024L * 1024, 1024L * 1024 * 1024 * 1024 * 1024)]
    public long MaxBytesPerTenant { get; init; } = 4L * 1024 * 1024 * 1024;

    /// <summary>
    /// Jobs of one tenant that may run at a time in one queue; further ones wait. Default 0, 0 to 1,000,000; 0 is no limit.
    /// </summary>
    [Range(0, 1_000_000)]
    public int MaxRunningPerTenant { get; init; }

    /// <summary>Failed runs after which a job has failed for good. Default 3, 1 to 100.</summary>
    [Range(1, 100)]
    public int MaxFailures { get; init; } = 3;

    /// <summary>Lost leases after which a job has failed for good. Default 5, 1 to 1,000.</summary>
    [Range(1, 1_000)]
    public int MaxLostLeases { get; init; } = 5;

    /// <summary>Back-off before a failed run is tried again; it doubles each time, up to a day. Default 1 s, 0 to 10 min.</summary>
    [Range(typeof(TimeSpan), "00:00:00", "00:10:00")]
    public TimeSpan RetryDelay { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>A worker that sends no heartbeat for this long counts as gone. Default 15 s, 1 s to 10 min.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "00:10:00")]
    public TimeSpan HeartbeatTtl { get; init; } = TimeSpan.FromSeconds(15);
}

/// <summary>Checks <see cref="JobsOptions"/> at start.</summary>
[OptionsValidator]
internal sealed partial class JobsOptionsValidator : IValidateOptions<JobsOptions>;
