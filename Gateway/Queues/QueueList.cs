namespace AiPlatform.Gateway.Queues;

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
