namespace AiPlatform.Jobs.Catalog;

/// <summary>A model's load on one worker.</summary>
/// <param name="Model">Its name.</param>
/// <param name="Running">Jobs that this worker has leased.</param>
/// <param name="Capacity">Jobs that it leases at most.</param>
public sealed record ModelLoad(string Model, int Running, int Capacity);
