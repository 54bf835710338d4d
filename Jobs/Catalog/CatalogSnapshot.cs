namespace AiPlatform.Jobs.Catalog;

/// <summary>What is served, and by whom, at one moment.</summary>
/// <param name="Models">Every model that a worker named in the last days, also when none serves it right now.</param>
/// <param name="Workers">The workers that live.</param>
public sealed record CatalogSnapshot(IReadOnlyList<ModelDescriptor> Models, IReadOnlyList<WorkerHeartbeat> Workers);
