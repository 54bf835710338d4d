using AiPlatform.Jobs;

namespace AiPlatform.Gateway.Results;

/// <summary>How a job ended, as its waiter is told.</summary>
/// <param name="Attempts">Leases it took.</param>
/// <param name="Output">The result, when it succeeded and a waiter wants it.</param>
/// <param name="Error">Why not, when it did not succeed and a waiter wants the result.</param>
internal sealed record JobEnd(int Attempts, JobOutput? Output, InferenceError? Error)
{
    /// <summary>The job is in Redis no more: it lost its data. Nobody knows how the job would have ended.</summary>
    public static JobEnd Lost { get; } = new(0, null, new InferenceError
    {
        Kind = InferenceErrorKind.QueueUnavailable,
        Message = "Redis lost this job when it restarted. Send the request again.",
        RetryAfter = TimeSpan.FromSeconds(1),
    });

    public static JobEnd Of(Job job) => new(job.Attempts, job.Output, job.Error);
}
