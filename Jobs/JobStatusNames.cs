using System.Diagnostics;

namespace AiPlatform.Jobs;

/// <summary>The names of the states in Redis and in the API: the enum's, in lower case.</summary>
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
