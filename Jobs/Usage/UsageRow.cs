namespace AiPlatform.Jobs.Usage;

/// <summary>What a tenant used of a model on a day.</summary>
/// <param name="Date">UTC.</param>
/// <param name="Tenant">Who.</param>
/// <param name="Model">The model that was asked for.</param>
/// <param name="Count">How much.</param>
public sealed record UsageRow(DateOnly Date, string Tenant, string Model, UsageCount Count);
