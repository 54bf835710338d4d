using System.Collections;
using System.Diagnostics;

namespace AiPlatform.Jobs;

/// <summary>A job's record as read from the store at one moment.</summary>
public sealed record Job
{
    public required JobId Id { get; init; }
    public required JobStatus Status { get; init; }
    public required string Endpoint { get; init; }
    public required string Model { get; init; }
    public required string Tenant { get; init; }
    public required Lane Lane { get; init; }
    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>When the latest attempt began; null while none has.</summary>
    public DateTimeOffset? StartedAt => History.LastAt(JobStatus.Running);

    /// <summary>
    /// The number of the latest change or event that the record has. For an ended job it is the number of its announcement.
    /// </summary>
    public long LastSequence => History.Changes[^1].Sequence + (Status.IsFinished ? 1 : 0);

    public DateTimeOffset? FinishedAt => Status.IsFinished ? History.Changes[^1].At : null;

    public required DateTimeOffset Deadline { get; init; }

    /// <summary>Number of leases so far, which is the fencing token of the latest lease.</summary>
    public required int Attempts { get; init; }

    /// <summary>Every change of its status, the oldest first; never empty.</summary>
    public required JobHistory History { get; init; }

    /// <summary>Events that its log has had.</summary>
    public long EventCount { get; init; }

    /// <summary>Its progress as JSON: <c>{"unit":"tokens"|"rows","done":n,"total":n|null}</c>; null when it reports none.</summary>
    public string? Progress { get; init; }

    /// <summary>The caller's own pairs as a JSON object, or null.</summary>
    public string? Metadata { get; init; }

    /// <summary>The trace of the call that submitted it, 32 hexadecimal digits; null when the call had none.</summary>
    public string? TraceId { get; init; }

    /// <summary>Why it failed; set when <see cref="Status"/> is failed, canceled or expired.</summary>
    public InferenceError? Error { get; init; }

    /// <summary>Tokens read and written, as the OpenAI dialect's <c>usage</c> JSON object; null until it succeeded.</summary>
    public string? Usage { get; init; }

    /// <summary>Its expected cost for its model; see <see cref="JobSubmission.Cost"/>.</summary>
    public long Cost { get; init; }

    /// <summary>The hold of the tokens that it may take; null when its tenant had no limit of tokens.</summary>
    public string? Hold { get; init; }

    /// <summary>The tokens of this hold; null when there was none.</summary>
    public long? HeldTokens { get; init; }

    /// <summary>An estimate of the jobs that are leased before it, 0 for the next job; null unless it waits in a lane.</summary>
    public long? Position { get; init; }

    /// <summary>The result; null unless it succeeded and was asked for.</summary>
    public JobOutput? Output { get; init; }
}

/// <summary>
/// The status of a job: <c>queued → running → succeeded | failed | canceled | expired</c>; a lost lease or a due retry leads from running
/// back to queued.
/// </summary>
public enum JobStatus
{
    Queued,
    Running,
    Succeeded,
    Failed,
    Canceled,

    /// <summary>Its deadline passed before it had a result.</summary>
    Expired,
}

/// <summary>The names of the statuses in Redis and in the API, which are those of the enum in lower case.</summary>
public static class JobStatusNames
{
    extension(JobStatus status)
    {
        public string Name => status switch
        {
            JobStatus.Queued => "queued",
            JobStatus.Running => "running",
            JobStatus.Succeeded => "succeeded",
            JobStatus.Failed => "failed",
            JobStatus.Canceled => "canceled",
            JobStatus.Expired => "expired",
            _ => throw new UnreachableException($"Job status {(int)status} has no name. This is a bug."),
        };

        /// <summary>Whether the job has ended: its record no longer changes.</summary>
        public bool IsFinished => status is not (JobStatus.Queued or JobStatus.Running);
    }

    /// <exception cref="FormatException">No state has this name.</exception>
    public static JobStatus Parse(string name) => name switch
    {
        "queued" => JobStatus.Queued,
        "running" => JobStatus.Running,
        "succeeded" => JobStatus.Succeeded,
        "failed" => JobStatus.Failed,
        "canceled" => JobStatus.Canceled,
        "expired" => JobStatus.Expired,
        _ => throw new FormatException($"'{name}' is not a job status."),
    };
}

/// <summary>A page of a tenant's list of jobs, the newest first.</summary>
/// <param name="jobs">The jobs that were found.</param>
/// <param name="lookedTo">
/// The <see cref="JobId.Key"/> of the last examined job, if the search stopped before the page was full and there may be older jobs; else
/// null.
/// </param>
public sealed class JobPage(IReadOnlyList<Job> jobs, string? lookedTo) : IReadOnlyList<Job>
{
    public string? LookedTo => lookedTo;

    public int Count => jobs.Count;

    public Job this[int index] => jobs[index];

    public IEnumerator<Job> GetEnumerator() => jobs.GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
}
