namespace AiPlatform.Jobs;

/// <summary>
/// The durable queue of jobs. Every method is atomic, and throws <see cref="QueueUnavailableException"/> when Redis does not
/// serve; after that exception a change may or may not have happened, and calling again with the same arguments is safe for
/// all but <see cref="LeaseAsync"/> (whose jobs come back when their lease ends).
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

    /// <summary>Ends a job that has not ended, also one that runs. Returns the status it had; null when it is not there.</summary>
    Task<JobStatus?> CancelAsync(JobId id, CancellationToken cancellationToken);

    /// <summary>
    /// Takes the jobs that waited longest, at most <paramref name="maxJobs"/> and, but for the first,
    /// <paramref name="maxBytes"/> of payload. When there are fewer, the next submit rings the queue's doorbell.
    /// </summary>
    Task<IReadOnlyList<LeasedJob>> LeaseAsync(
        QueueName queue, string worker, int maxJobs, int maxBytes, CancellationToken cancellationToken);

    /// <summary>Prolongs leases of one queue; false where the lease is no longer ours.</summary>
    Task<bool[]> RenewAsync(QueueName queue, IReadOnlyList<LeasedJob> jobs, CancellationToken cancellationToken);

    /// <summary>Stores a result; false when the lease was lost and the result is not wanted.</summary>
    Task<bool> CommitAsync(LeasedJob job, JobOutcome outcome, CancellationToken cancellationToken);

    /// <summary>
    /// Gives a job back: without an error to its old place, uncounted; with one as a failed run, to be tried again with delay
    /// until the limit of failures is reached.
    /// </summary>
    Task<ReleaseOutcome> ReleaseAsync(LeasedJob job, InferenceError? error, CancellationToken cancellationToken);

    /// <summary>Requeues lost leases, ends jobs past their deadline, wakes due retries. Anyone may call it.</summary>
    Task<SweepResult> SweepAsync(QueueName queue, CancellationToken cancellationToken);
}
