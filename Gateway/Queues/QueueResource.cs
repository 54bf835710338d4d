namespace AiPlatform.Gateway.Queues;

/// <summary>The state of a queue at one moment.</summary>
internal sealed record QueueResource
{
    /// <summary>The queue's name, which is its model's name with all characters but <c>a-z 0-9 -</c> written <c>_xx</c>.</summary>
    public required string Queue { get; init; }

    /// <summary>Jobs that wait, including those that wait for a retry.</summary>
    public required long Depth { get; init; }

    /// <summary>Jobs that a worker has leased.</summary>
    public required long Running { get; init; }

    /// <summary>How long the oldest waiting job has waited; null when none waits.</summary>
    public required long? OldestMs { get; init; }

    /// <summary>Jobs that ended a second, over the last half minute.</summary>
    public required double DrainPerSecond { get; init; }

    /// <summary>Living workers that serve it.</summary>
    public required int Workers { get; init; }

    /// <summary>Whether the queue is paused, so that workers get no jobs.</summary>
    public required bool Paused { get; init; }

    /// <summary>Dead letters, which are jobs that failed after all their attempts and were not run again.</summary>
    public required long Dead { get; init; }

    /// <summary>Jobs that could not be read, which were put aside and have failed.</summary>
    public required long Broken { get; init; }

    /// <summary>The key in Redis whose wrong content keeps the queue from serving; null when there is none.</summary>
    public required string? Problem { get; init; }

    public required LanesResource Lanes { get; init; }

    public static QueueResource Of(QueueState state, int workers) => new()
    {
        Queue = state.Queue.Name,
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

/// <summary>The state of a lane.</summary>
internal sealed record LaneResource
{
    /// <summary>Jobs that wait in it.</summary>
    public required long Depth { get; init; }

    /// <summary>How long its oldest job has waited; null when none waits.</summary>
    public required long? OldestMs { get; init; }

    public static LaneResource Of(LaneState state) => new() { Depth = state.Depth, OldestMs = Milliseconds(state.Oldest) };

    public static long? Milliseconds(TimeSpan? time) => time is { } span ? (long)span.TotalMilliseconds : null;
}

/// <summary>The answer of <c>POST /v1/queues/{queue}/requeue-dead</c>.</summary>
internal sealed record QueueRequeued
{
    public required string Queue { get; init; }

    /// <summary>Dead letters that were enqueued again.</summary>
    public required long Requeued { get; init; }
}

/// <summary>The answer of <c>GET /v1/queues</c>.</summary>
internal sealed record QueueList
{
    /// <summary>Always <c>list</c>.</summary>
    public required string Object { get; init; }

    /// <summary>A queue for each model that a worker named in the last seven days, by name.</summary>
    public required IReadOnlyList<QueueResource> Data { get; init; }

    /// <summary>The load of the workers, for autoscalers.</summary>
    public required WorkerLoad Load { get; init; }
}
