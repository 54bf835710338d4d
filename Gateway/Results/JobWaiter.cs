using AiPlatform.Jobs;

namespace AiPlatform.Gateway.Results;

/// <summary>One request's wait for a job's end. Dispose it when the request no longer waits.</summary>
internal sealed class JobWaiter(AwaitedJobs waiters, AwaitedJob job) : IDisposable
{
    /// <summary>Completes with the job when it has ended, or with null when Redis has lost it; never fails.</summary>
    public Task<Job?> Ended => job.Ended;

    /// <summary>The job is in the store: from now on it is also looked up, should the message of its end be lost.</summary>
    public void Submitted() => waiters.Submitted(job);

    public void Dispose() => waiters.Leave(job);
}
