namespace AiPlatform.Gateway.Queues;

/// <summary>How a queue is at one moment.</summary>
internal sealed record QueueResource
{
    /// <summary>The queue's name: its model's, with everything but <c>a-z 0-9 -</c> written <c>_xx</c>.</summary>
    public required string Queue { get; init; }

    /// <summary>Jobs that wait, those that wait for a retry included.</summary>
    public required long Depth { get; init; }

    /// <summary>Jobs that a worker holds.</summary>
    public required long Running { get; init; }

    /// <summary>How long the oldest waiting job has waited; null when none does.</summary>
    public required long? OldestMs { get; init; }

    /// <summary>Jobs that ended a second, over the last half minute.</summary>
    public required double DrainPerSecond { get; init; }

    /// <summary>Workers that live and serve it.</summary>
    public required int Workers { get; init; }

    /// <summary>Whether workers are given no jobs.</summary>
    public required bool Paused { get; init; }

    /// <summary>Dead letters: jobs that failed after all their attempts and that nobody has run again.</summary>
    public required long Dead { get; init; }

    /// <summary>Jobs that could not be read: they were put aside, and have failed.</summary>
    public required long Broken { get; init; }

    /// <summary>
    /// What keeps the queue from serving: a key in Redis that holds something else than it should; null when nothing does.
    /// </summary>
    public required string? Problem { get; init; }

    public required LanesResource Lanes { get; init; }

    public static QueueResource Of(QueueState state, int workers) => new()
    {
        Queue = state.Queue.Value,
        Depth = state.Depth,
        Running = state.Running,
        OldestMs = LaneResource.Milliseconds(state.Oldest),
        DrainPerSecond = state.DrainPerSecond,
        Workers = workers,
        Paused = state.IsPaused,
        Dead = state.Dead,
        Broken = state.Broken,
        Problem = state.Problem,
        Lanes = LanesResource.Of(state.Lanes),
    };
}

/// <summary>The lanes of a queue.</summary>
internal sealed record LanesResource
{
    public required LaneResource Interactive { get; init; }

    public required LaneResource Default { get; init; }

    public required LaneResource Batch { get; init; }

    public static LanesResource Of(IReadOnlyList<LaneState> lanes) => new()
    {
        Interactive = LaneResource.Of(lanes.Single(one => one.Lane == Lane.Interactive)),
        Default = LaneResource.Of(lanes.Single(one => one.Lane == Lane.Default)),
        Batch = LaneResource.Of(lanes.Single(one => one.Lane == Lane.Batch)),
    };
}

/// <summary>How a lane is.</summary>
internal sealed record LaneResource
{
    /// <summary>Jobs that wait in it.</summary>
    public required long Depth { get; init; }

    /// <summary>How long its oldest job has waited; null when none does.</summary>
    public required long? OldestMs { get; init; }

    public static LaneResource Of(LaneState state) => new() { Depth = state.Depth, OldestMs = Milliseconds(state.Oldest) };

    public static long? Milliseconds(TimeSpan? time) => time is { } span ? (long)span.TotalMilliseconds : null;
}

/// <summary>The answer of <c>POST /v1/queues/{queue}/requeue-dead</c>.</summary>
internal sealed record QueueRequeued
{
    public required string Queue { get; init; }

    /// <summary>Dead letters that wait again.</summary>
    public required long Requeued { get; init; }
}

/// <summary>The answer of <c>GET /v1/queues</c>.</summary>
internal sealed record QueueList
{
    /// <summary>Always <c>list</c>.</summary>
    public required string Object { get; init; }

    /// <summary>A queue for each model that a worker named in the last seven days, by name.</summary>
    public required IReadOnlyList<QueueResource> Data { get; init; }

    /// <summary>What an autoscaler of the workers reads.</summary>
    public required WorkerLoad Load { get; init; }
}
