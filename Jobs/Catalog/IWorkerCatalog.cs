namespace AiPlatform.Jobs.Catalog;

/// <summary>Who serves what, in Redis. Throws <see cref="QueueUnavailableException"/> when Redis does not serve.</summary>
public interface IWorkerCatalog
{
    /// <summary>Says that a worker lives, and which models it serves.</summary>
    Task BeatAsync(WorkerHeartbeat heartbeat, IReadOnlyList<ModelDescriptor> models, CancellationToken cancellationToken);

    /// <summary>Says that a worker leaves; its models stay known.</summary>
    Task LeaveAsync(string worker, CancellationToken cancellationToken);

    Task<CatalogSnapshot> ReadAsync(CancellationToken cancellationToken);
}

/// <summary>What is served, and by whom, at one moment.</summary>
/// <param name="Models">Every model that a worker named in the last days, also when none serves it right now.</param>
/// <param name="Workers">The workers that live.</param>
public sealed record CatalogSnapshot(IReadOnlyList<ModelDescriptor> Models, IReadOnlyList<WorkerHeartbeat> Workers);
