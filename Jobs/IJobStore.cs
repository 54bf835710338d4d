using AiPlatform.ServiceDefaults.Loops;

namespace AiPlatform.Jobs;

/// <summary>
/// The durable queue of jobs. Every method is atomic, and throws <see cref="QueueUnavailableException"/> when Redis does not
/// serve; after that exception a change may or may not have happened, and calling again with the same arguments is safe for
/// all but <see cref="LeaseAsync"/> (whose jobs come back when their lease ends)
/// and <see cref="AppendAsync(LeasedJob, IReadOnlyList{JobEvent}, CancellationToken)"/>.
/// </summary>
public interface IJobStore
{
    /// <summary>Writes a job and makes it wait. Gateway only. Idempotent by the job's id.</summary>
    Task<SubmitResult> SubmitAsync(JobSubmission job, CancellationToken cancellationToken);

    /// <summary>
    /// Reads a job; null when it is not there. A <paramref name="watcher"/> (a Gateway's name) is told on its channel when the
    /// job ends, unless it has ended already: between the reading and the noting nothing can happen.
    /// </summary>
    Task<Job?> ReadAsync(JobId id, string? watcher, bool withOutput, CancellationToken cancellationToken);

    /// <summary>
    /// Reads a job and the events of its log behind <paramref name="after"/>; null when it is not there. A
    /// <paramref name="follower"/> (a Gateway's name) is told on its channel of what comes, until the job ends.
    /// </summary>
    Task<JobLog?> ReadLogAsync(JobId id, long after, string? follower, CancellationToken cancellationToken);

    /// <summary>
    /// A tenant's jobs in one queue, the newest first, without results. One call looks at a bounded number of jobs for those that
    /// fit: <see cref="JobPage.LookedTo"/> says where to go on.
    /// </summary>
    /// <param name="queue">The queue.</param>
    /// <param name="tenant">Whose.</param>
    /// <param name="status">Only those; null for all.</param>
    /// <param name="before">
    /// The <see cref="JobId.Key"/> to begin behind, of any queue: keys of all queues sort by time; null for the newest.
    /// </param>
    /// <param name="limit">Most jobs.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    Task<JobPage> ListAsync(
        QueueName queue, string tenant, JobStatus? status, string? before, int limit, CancellationToken cancellationToken);

    /// <summary>
    /// Ends a tenant's job that has not ended, also one that runs. Returns the status it had; null when there is no such job.
    /// </summary>
    Task<JobStatus?> CancelAsync(JobId id, string tenant, CancellationToken cancellationToken);

    /// <summary>The same for a job that waits; one that runs is left as it is, too.</summary>
    Task<JobStatus?> WithdrawAsync(JobId id, string tenant, CancellationToken cancellationToken);

    /// <summary>Makes a tenant's failed, canceled or expired job wait again, with as much time as it had at first.</summary>
    Task<RequeueResult> RequeueAsync(JobId id, string tenant, CancellationToken cancellationToken);

    /// <summary>
    /// Takes the jobs whose turn it is, at most <paramref name="maxJobs"/> and, but for the first,
    /// <paramref name="maxBytes"/> of payload. When there are fewer, the next submit rings the queue's doorbell.
    /// </summary>
    /// <param name="queue">The queue.</param>
    /// <param name="worker">The process that takes them.</param>
    /// <param name="maxJobs">Most jobs.</param>
    /// <param name="maxBytes">Most bytes of payload.</param>
    /// <param name="isIdle">
    /// The process runs nothing, and takes nothing else until this call's jobs have ended: then it may be given one that must run alone.
    /// </param>
    /// <param name="cancellationToken">Ends the wait; jobs may be leased all the same.</param>
    Task<LeaseResult> LeaseAsync(
        QueueName queue, string worker, int maxJobs, int maxBytes, bool isIdle, CancellationToken cancellationToken);

    /// <summary>Prolongs leases of one queue; false where the lease is no longer ours.</summary>
    Task<bool[]> RenewAsync(QueueName queue, IReadOnlyList<LeasedJob> jobs, CancellationToken cancellationToken);

    /// <summary>Adds events to a job's log; false when the lease was lost.</summary>
    /// <param name="job">The job.</param>
    /// <param name="events">Their numbers are given by the store.</param>
    /// <param name="known">
    /// How many events the job had said before: then adding them again adds them once. Null where that is not known.
    /// </param>
    /// <param name="cancellationToken">Ends the wait.</param>
    Task<bool> AppendAsync(LeasedJob job, IReadOnlyList<JobEvent> events, int? known, CancellationToken cancellationToken);

    /// <inheritdoc cref="AppendAsync(LeasedJob, IReadOnlyList{JobEvent}, int?, CancellationToken)"/>
    Task<bool> AppendAsync(LeasedJob job, IReadOnlyList<JobEvent> events, CancellationToken cancellationToken) =>
        AppendAsync(job, events, known: null, cancellationToken);

    /// <summary>Stores a result; false when the lease was lost and the result is not wanted.</summary>
    Task<bool> CommitAsync(LeasedJob job, JobOutcome outcome, CancellationToken cancellationToken);

    /// <summary>
    /// Gives a job back: without an error to its old place, uncounted; with one as a failed run, to be tried again with delay
    /// until the limit of failures is reached.
    /// </summary>
    Task<ReleaseOutcome> ReleaseAsync(LeasedJob job, InferenceError? error, CancellationToken cancellationToken);

    /// <summary>Ends a job that failed: it is a dead letter at once, however often it may fail.</summary>
    Task<ReleaseOutcome> FailAsync(LeasedJob job, InferenceError error, CancellationToken cancellationToken);

    /// <summary>Requeues lost leases, ends jobs past their deadline, wakes due retries. Anyone may call it.</summary>
    Task<SweepResult> SweepAsync(QueueName queue, CancellationToken cancellationToken);
}

/// <summary>What a lease gave.</summary>
/// <param name="Jobs">The jobs, in the order of their turns.</param>
/// <param name="MustRunAlone">The one job given took its process down before: nothing else may run beside it.</param>
/// <param name="WantsIdle">A job waits that must run alone, and this process is asked to become idle for it.</param>
public sealed record LeaseResult(IReadOnlyList<LeasedJob> Jobs, bool MustRunAlone, bool WantsIdle)
{
    /// <summary>Jobs that a newer version stored: they were left for its processes.</summary>
    public int Newer { get; init; }
}

/// <summary>What became of a submit.</summary>
/// <param name="Outcome">What was done.</param>
/// <param name="At">When, by Redis' clock.</param>
/// <param name="Depth">Jobs that waited in the queue before.</param>
/// <param name="DrainPerSecond">Jobs that ended there a second, of late; 0 when nothing was refused.</param>
public readonly record struct SubmitResult(SubmitOutcome Outcome, DateTimeOffset At, long Depth, double DrainPerSecond)
{
    /// <summary>
    /// About how many jobs are leased before it, as reading the job tells; null when it was not accepted, or somebody waits for its end.
    /// </summary>
    public long? Position { get; init; }
}

public enum SubmitOutcome
{
    /// <summary>The job is durable and waits.</summary>
    Accepted,

    /// <summary>A job of this id was there already; nothing was changed.</summary>
    AlreadyThere,

    /// <summary>The queue holds its limit of waiting jobs; nothing was stored.</summary>
    QueueFull,

    /// <summary>The queue holds the tenant's limit of waiting jobs; nothing was stored.</summary>
    TenantFull,

    /// <summary>The tenant's jobs and results in the queue take its limit of bytes; nothing was stored.</summary>
    TenantBytesFull,
}

public enum ReleaseOutcome
{
    /// <summary>The lease was no longer ours; nothing was changed.</summary>
    Refused,

    /// <summary>The job waits again.</summary>
    Requeued,

    /// <summary>It was its last attempt; the job has failed.</summary>
    Failed,
}

/// <summary>What became of a wish to run a job again.</summary>
/// <param name="Outcome">What was done.</param>
/// <param name="Depth">Jobs that wait in its queue.</param>
/// <param name="DrainPerSecond">Jobs that ended there a second, of late; 0 when it was not refused for lack of room.</param>
public readonly record struct RequeueResult(RequeueOutcome Outcome, long Depth, double DrainPerSecond);

public enum RequeueOutcome
{
    /// <summary>It waits again.</summary>
    Requeued,

    /// <summary>It is not there, or another tenant's.</summary>
    NotFound,

    /// <summary>It has not ended, or has a result.</summary>
    NotRequeueable,

    /// <summary>Its queue is full.</summary>
    QueueFull,

    /// <summary>Its tenant has its limit of jobs waiting there.</summary>
    TenantFull,
}

/// <summary>What a sweep found; all zero when another process has just swept.</summary>
public readonly record struct SweepResult(int Requeued, int Failed, int Expired, int RetriesDue);

/// <summary>
/// The store cannot serve now: Redis cannot be reached, is too slow, full, read-only, or fails on what it holds. Nothing is known to have
/// changed.
/// </summary>
public sealed class QueueUnavailableException(string message, Exception? inner = null) : OutageException(message, inner)
{
    /// <summary>Redis answers, and refuses writes: what only reads may be served.</summary>
    public bool RefusesWrites { get; init; }

    /// <summary>What is stored of the job cannot be read.</summary>
    internal bool IsDamaged { get; init; }
}
