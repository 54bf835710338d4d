namespace AiPlatform.Jobs;

/// <summary>Operations of operators on queues. Throws <see cref="QueueUnavailableException"/> when Redis does not serve.</summary>
public interface IQueueOperations
{
    /// <summary>Reads the state of a queue; a queue that nobody has used is empty.</summary>
    Task<QueueState> ReadAsync(QueueName queue, CancellationToken cancellationToken);

    /// <summary>Stops leasing; submits are still accepted, and running jobs continue.</summary>
    Task PauseAsync(QueueName queue, CancellationToken cancellationToken);

    Task ResumeAsync(QueueName queue, CancellationToken cancellationToken);

    /// <summary>Enqueues all dead letters again, regardless of the queue's limits. Returns how many.</summary>
    Task<long> RequeueDeadAsync(QueueName queue, CancellationToken cancellationToken);
}

/// <summary>The state of a queue at one moment.</summary>
public sealed record QueueState
{
    public required QueueName Queue { get; init; }

    /// <summary>Jobs that wait, those that wait for a retry included.</summary>
    public required long Depth { get; init; }

    /// <summary>Jobs that are leased.</summary>
    public required long Running { get; init; }

    /// <summary>Jobs that ended a second, over the last half minute.</summary>
    public required double DrainPerSecond { get; init; }

    /// <summary>Whether leasing is stopped.</summary>
    public required bool IsPaused { get; init; }

    /// <summary>Jobs that failed for good after all their attempts, and that nobody has run again.</summary>
    public required long Dead { get; init; }

    /// <summary>Jobs that could not be read and were put aside.</summary>
    public required long Broken { get; init; }

    /// <summary>What keeps the queue from serving: a key that holds something else than it should; null when nothing does.</summary>
    public required string? Problem { get; init; }

    /// <summary>Every lane, in their order.</summary>
    public required IReadOnlyList<LaneState> Lanes { get; init; }

    /// <summary>Time since the submit of the oldest job that waits in a lane; null when none does.</summary>
    public TimeSpan? Oldest => Lanes.Max(lane => lane.Oldest);
}

/// <summary>The state of a lane.</summary>
/// <param name="Lane">The lane.</param>
/// <param name="Depth">Jobs that wait in it.</param>
/// <param name="Oldest">Time since the submit of the oldest waiting job; null when none waits.</param>
public sealed record LaneState(Lane Lane, long Depth, TimeSpan? Oldest);
