namespace AiPlatform.Jobs.Catalog;

/// <summary>
/// The workers and the models that they serve, in Redis. Throws <see cref="QueueUnavailableException"/> when Redis does not serve.
/// </summary>
public interface IWorkerCatalog
{
    /// <summary>Writes the heartbeat of a worker, and the models that it serves.</summary>
    Task BeatAsync(WorkerHeartbeat heartbeat, IReadOnlyList<ModelDescriptor> models, CancellationToken cancellationToken);

    /// <summary>Removes a worker that stops; its models stay known.</summary>
    Task LeaveAsync(string worker, CancellationToken cancellationToken);

    Task<CatalogSnapshot> ReadAsync(CancellationToken cancellationToken);

    /// <summary>
    /// Confirms that what a snapshot lacks is not there: throws where Redis takes no writes, since it may be a replica with old data.
    /// </summary>
    Task ConfirmAsync(CancellationToken cancellationToken);
}

/// <summary>The models and the living workers at one moment.</summary>
/// <param name="Models">Every model that a worker named in the last days, even if no worker serves it now.</param>
/// <param name="Workers">The living workers.</param>
public sealed record CatalogSnapshot(IReadOnlyList<ModelDescriptor> Models, IReadOnlyList<WorkerHeartbeat> Workers);
