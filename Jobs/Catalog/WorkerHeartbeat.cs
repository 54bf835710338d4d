namespace AiPlatform.Jobs.Catalog;

/// <summary>What a worker says of itself every few seconds. Travels as JSON in snake case.</summary>
public sealed record WorkerHeartbeat
{
    /// <summary>Unique name of the process.</summary>
    public required string Worker { get; init; }

    public required string Host { get; init; }
    public required int ProcessId { get; init; }

    /// <summary>Where its models run, such as <c>cpu</c> or <c>cuda:0</c>.</summary>
    public required string Device { get; init; }

    public required DateTimeOffset StartedAt { get; init; }

    /// <summary>A row for each model.</summary>
    public required IReadOnlyList<ModelLoad> Models { get; init; }
}
