namespace AiPlatform.Gateway.Callers;

/// <summary>Who calls.</summary>
/// <param name="Tenant">Whose jobs it sees.</param>
/// <param name="IsOperator">Whether it may see and run the queues of everybody.</param>
internal sealed record Caller(string Tenant, bool IsOperator);
