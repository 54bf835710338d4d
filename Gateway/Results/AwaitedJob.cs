using AiPlatform.Jobs;

namespace AiPlatform.Gateway.Results;

/// <summary>A job that somebody in this process waits for; all its waiters share it.</summary>
internal sealed class AwaitedJob(JobId id)
{
    private readonly TaskCompletionSource<JobEnd> _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private long _lookedAt = long.MaxValue;

    public JobId Id => id;

    public Task<JobEnd> Ended => _ended.Task;

    /// <summary>Waiters that have not left. Under <see cref="JobWaiters"/>' lock.</summary>
    public int Waiters { get; set; }

    /// <summary>Whether a waiter wants the result, not only to know of the end.</summary>
    public bool WantsResult { get; set; }

    /// <summary>Whether it was last looked up before this moment; false until the job is known to be in the store.</summary>
    public bool LookedUpBefore(long timestamp) => Volatile.Read(ref _lookedAt) < timestamp;

    public void LookedUpAt(long timestamp) => Volatile.Write(ref _lookedAt, timestamp);

    public void End(JobEnd end) => _ended.TrySetResult(end);
}
