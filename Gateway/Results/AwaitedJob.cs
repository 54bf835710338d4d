namespace AiPlatform.Gateway.Results;

/// <summary>A job that requests in this process wait for; all its waiters share it.</summary>
internal sealed class AwaitedJob(JobId id)
{
    private readonly TaskCompletionSource<Job?> _ended = new();
    private long _lookedAt = long.MaxValue;

    public JobId Id => id;

    /// <summary>The job with its result; null when Redis has lost it.</summary>
    public Task<Job?> Ended => _ended.Task;

    /// <summary>How many waiters have not left; guarded by <see cref="AwaitedJobs"/>' lock.</summary>
    public int Waiters { get; set; }

    /// <summary>Whether it was last looked up before this moment; false until the job is known to be in the store.</summary>
    public bool LookedUpBefore(long timestamp) => Volatile.Read(ref _lookedAt) < timestamp;

    public void LookedUpAt(long timestamp) => Volatile.Write(ref _lookedAt, timestamp);

    /// <summary>Completes the waiters, whose continuations run inside this call.</summary>
    public void End(Job? job) => _ended.TrySetResult(job);
}
