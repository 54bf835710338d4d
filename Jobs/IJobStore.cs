using AiPlatform.ServiceDefaults.Loops;

namespace AiPlatform.Jobs;

/// <summary>
/// The durable queue of jobs. Every method is atomic, and throws <see cref="QueueUnavailableException"/> when Redis does not serve. After
/// that exception the change may or may not have happened. Calling again with the same arguments is safe for all methods but
/// <see cref="LeaseAsync(QueueName, string, int, int, bool, LeaseOffer?, CancellationToken)"/> (its jobs go back to the queue when their
/// lease ends) and <see cref="AppendAsync(LeasedJob, IReadOnlyList{JobEvent}, CancellationToken)"/>. A method reports that a job does not
/// exist only if Redis takes writes, because a replica may have old data.
/// </summary>
public interface IJobStore
{
    /// <summary>Writes a job and enqueues it. Gateway only. Idempotent by the job's id.</summary>
    Task<SubmitResult> SubmitAsync(JobSubmission job, CancellationToken cancellationToken);

    /// <summary>
    /// Reads a job; null when it does not exist. A <paramref name="watcher"/> (a Gateway's name) is notified on its channel when the job
    /// ends, unless it has ended already. The read and the registration are one atomic step.
    /// </summary>
    Task<Job?> ReadAsync(JobId id, string? watcher, bool withOutput, CancellationToken cancellationToken);

    /// <summary>
    /// Reads a job and the events of its log after <paramref name="after"/>; null when it does not exist. A <paramref name="follower"/> (a
    /// Gateway's name) is notified of further events on its channel, until the job ends.
    /// </summary>
    Task<JobLog?> ReadLogAsync(JobId id, long after, string? follower, CancellationToken cancellationToken);

    /// <summary>
    /// Lists a tenant's jobs in one queue, the newest first, without results. One call examines a bounded number of jobs:
    /// <see cref="JobPage.LookedTo"/> says where the next call continues.
    /// </summary>
    /// <param name="queue">The queue.</param>
    /// <param name="tenant">The owner of the jobs.</param>
    /// <param name="status">Only jobs of this status; null for all.</param>
    /// <param name="before">
    /// Lists jobs older than this <see cref="JobId.Key"/>, which may be of any queue because all keys sort by time; null for the newest.
    /// </param>
    /// <param name="limit">Most jobs.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    Task<JobPage> ListAsync(
        QueueName queue, string tenant, JobStatus? status, string? before, int limit, CancellationToken cancellationToken);

    /// <summary>
    /// Confirms that what a list lacks is not there: throws where Redis takes no writes, since it may be a replica with old data. What
    /// reads one job does so by itself.
    /// </summary>
    Task ConfirmAsync(QueueName queue, CancellationToken cancellationToken);

    /// <summary>
    /// Cancels a tenant's job that has not ended, even if it runs. Returns the status it had; null when there is no such job.
    /// </summary>
    Task<JobStatus?> CancelAsync(JobId id, string tenant, CancellationToken cancellationToken);

    /// <summary>Cancels a tenant's job only if it waits; a running job continues.</summary>
    Task<JobStatus?> WithdrawAsync(JobId id, string tenant, CancellationToken cancellationToken);

    /// <summary>Enqueues a tenant's failed, canceled or expired job again, with its original deadline in full.</summary>
    Task<RequeueResult> RequeueAsync(JobId id, string tenant, CancellationToken cancellationToken);

    /// <summary>
    /// Leases the jobs whose turn it is, at most <paramref name="maxJobs"/> and at most <paramref name="maxBytes"/> of payload; the first
    /// job may be larger. If there are fewer jobs than asked for, the next submit rings the queue's doorbell.
    /// </summary>
    /// <param name="queue">The queue.</param>
    /// <param name="worker">The process that leases them.</param>
    /// <param name="maxJobs">Most jobs.</param>
    /// <param name="maxBytes">Most bytes of payload.</param>
    /// <param name="isIdle">
    /// Whether the process runs nothing, and will lease nothing else until this call's jobs have ended. It may then get a job that must run
    /// alone.
    /// </param>
    /// <param name="offer">
    /// What later submits may lease to this process without being asked, if there are fewer jobs than asked for; null leaves its offer as
    /// it was.
    /// </param>
    /// <param name="cancellationToken">Ends the wait; the jobs may have been leased nevertheless.</param>
    Task<LeaseResult> LeaseAsync(
        QueueName queue, string worker, int maxJobs, int maxBytes, bool isIdle, LeaseOffer? offer, CancellationToken cancellationToken);

    /// <summary>The same without an offer.</summary>
    Task<LeaseResult> LeaseAsync(
        QueueName queue, string worker, int maxJobs, int maxBytes, bool isIdle, CancellationToken cancellationToken) =>
        LeaseAsync(queue, worker, maxJobs, maxBytes, isIdle, offer: null, cancellationToken);

    /// <summary>Withdraws what the process has offered to a queue, so that no submit leases to it any more.</summary>
    Task WithdrawOfferAsync(QueueName queue, string worker, CancellationToken cancellationToken);

    /// <summary>Renews leases of one queue; false for each lease that this process has lost.</summary>
    Task<bool[]> RenewAsync(QueueName queue, IReadOnlyList<LeasedJob> jobs, CancellationToken cancellationToken);

    /// <summary>Adds events to a job's log; false when the lease was lost.</summary>
    /// <param name="job">The job.</param>
    /// <param name="events">The events; the store assigns their numbers.</param>
    /// <param name="known">
    /// How many events the log had before. With it, a repeated call adds the events only once. Null where that number is not known.
    /// </param>
    /// <param name="cancellationToken">Ends the wait.</param>
    Task<bool> AppendAsync(LeasedJob job, IReadOnlyList<JobEvent> events, int? known, CancellationToken cancellationToken);

    /// <inheritdoc cref="AppendAsync(LeasedJob, IReadOnlyList{JobEvent}, int?, CancellationToken)"/>
    Task<bool> AppendAsync(LeasedJob job, IReadOnlyList<JobEvent> events, CancellationToken cancellationToken) =>
        AppendAsync(job, events, known: null, cancellationToken);

    /// <summary>Stores the result of a run; false when the lease was lost and the result was refused.</summary>
    Task<bool> CommitAsync(LeasedJob job, JobOutcome outcome, CancellationToken cancellationToken);

    /// <summary>
    /// Gives a job back. Without an error it returns to its old place and nothing is counted. With an error it counts as a failed run,
    /// which is retried after a back-off until the limit of failures is reached.
    /// </summary>
    Task<ReleaseOutcome> ReleaseAsync(LeasedJob job, InferenceError? error, CancellationToken cancellationToken);

    /// <summary>Ends a job that failed, as a dead letter, without further retries.</summary>
    Task<ReleaseOutcome> FailAsync(LeasedJob job, InferenceError error, CancellationToken cancellationToken);

    /// <summary>
    /// Requeues jobs whose lease was lost, ends jobs past their deadline, and enqueues due retries. Any process may call it.
    /// </summary>
    Task<SweepResult> SweepAsync(QueueName queue, CancellationToken cancellationToken);
}

/// <summary>The result of a lease call.</summary>
/// <param name="Jobs">The jobs, in the order of their turns.</param>
/// <param name="MustRunAlone">The single leased job was lost with its process before, so nothing else may run beside it.</param>
/// <param name="WantsIdle">A job that must run alone waits, and this process is asked to drain for it.</param>
public sealed record LeaseResult(IReadOnlyList<LeasedJob> Jobs, bool MustRunAlone, bool WantsIdle)
{
    /// <summary>How many jobs were left in the queue because a newer version stored them.</summary>
    public int Newer { get; init; }

    /// <summary>
    /// How many jobs submits have leased to the process that it has not received. They take room, so the call leased as many fewer.
    /// </summary>
    public int OnTheirWay { get; init; }

    /// <summary>How many jobs later submits may lease to the process: what is left of its offer, and 0 while jobs wait.</summary>
    public int Offered { get; init; }
}

/// <summary>The result of a submit.</summary>
/// <param name="Outcome">What was done.</param>
/// <param name="At">When, by Redis' clock.</param>
/// <param name="Depth">Jobs that waited in the queue before this one.</param>
/// <param name="DrainPerSecond">Jobs of the queue that ended in a second, recently; 0 when nothing was refused.</param>
public readonly record struct SubmitResult(SubmitOutcome Outcome, DateTimeOffset At, long Depth, double DrainPerSecond)
{
    /// <summary>An estimate of the jobs that are leased before it; null when it was not accepted, or a caller waits for its end.</summary>
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

/// <summary>The result of a requeue.</summary>
/// <param name="Outcome">What was done.</param>
/// <param name="Depth">Jobs that wait in its queue.</param>
/// <param name="DrainPerSecond">Jobs of the queue that ended in a second, recently; 0 unless the queue was full.</param>
public readonly record struct RequeueResult(RequeueOutcome Outcome, long Depth, double DrainPerSecond);

public enum RequeueOutcome
{
    /// <summary>It waits again.</summary>
    Requeued,

    /// <summary>It does not exist, or belongs to another tenant.</summary>
    NotFound,

    /// <summary>It has not ended, or has a result.</summary>
    NotRequeueable,

    /// <summary>Its queue is full.</summary>
    QueueFull,

    /// <summary>Its tenant has reached its limit of waiting jobs there.</summary>
    TenantFull,
}

/// <summary>What a sweep found; all zero when another process has just swept.</summary>
public readonly record struct SweepResult(int Requeued, int Failed, int Expired, int RetriesDue);

/// <summary>
/// The store cannot serve now: Redis cannot be reached, is too slow, full, read-only, or fails on the data that it holds. It is not known
/// whether anything changed.
/// </summary>
public sealed class QueueUnavailableException(string message, Exception? inner = null) : OutageException(message, inner)
{
    /// <summary>Redis answers but refuses writes, so reads may still be served.</summary>
    public bool RefusesWrites { get; init; }

    /// <summary>The stored record of the job cannot be read.</summary>
    internal bool IsDamaged { get; init; }
}

/// <summary>What a process offers to run, so that a submit that finds no job before its own leases to this process at once.</summary>
/// <param name="Held">Jobs of the queue that it runs already; of two processes, the one with fewer gets the job.</param>
/// <param name="Room">
/// How many jobs it may get: by the call that makes the offer and by later submits together. 0 withdraws the offer that it made before.
/// </param>
/// <param name="Received">
/// How many jobs of submits it has received since it began. Those that are still on their way take room, too.
/// </param>
public readonly record struct LeaseOffer(int Held, int Room, long Received);
