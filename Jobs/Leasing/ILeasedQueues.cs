namespace AiPlatform.Jobs.Leasing;

/// <summary>The queues that this process leases from.</summary>
public interface ILeasedQueues
{
    /// <summary>
    /// Returns the queues that this process can run as soon as they differ from <paramref name="known"/>. The first call returns as soon as
    /// the queues are known, even if there are none.
    /// </summary>
    /// <param name="known">The result of the last call; null in the first.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    Task<IReadOnlyList<LeasedQueue>> NextAsync(IReadOnlyList<LeasedQueue>? known, CancellationToken cancellationToken);

    /// <summary>Never completes, because no further queues will be added.</summary>
    static async Task<IReadOnlyList<LeasedQueue>> NeverAsync(CancellationToken cancellationToken)
    {
        await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, cancellationToken);
        return [];
    }
}

/// <summary>A queue that this process leases from.</summary>
/// <param name="Queue">Its name.</param>
/// <param name="Capacity">Jobs leased at a time, 1 or more; enough that the device never waits for Redis.</param>
public sealed record LeasedQueue(QueueName Queue, int Capacity)
{
    /// <summary>
    /// How many more jobs there is room for now, where that depends on what runs; asked before each lease. A process that runs nothing of
    /// the queue takes a job all the same.
    /// </summary>
    public Func<int>? Room { get; init; }

    /// <summary>
    /// How long a process waits before a lease, for each job of the queue that it runs: a process that runs fewer jobs leases first. Zero
    /// where jobs are as fast beside others, because a batch computes them together.
    /// </summary>
    public TimeSpan DelayPerJob { get; init; }
}
