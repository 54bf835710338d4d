namespace AiPlatform.ServiceDefaults.Health;

/// <summary>Marks the routes of health: an orchestrator asks them by whatever address it has.</summary>
public sealed class HealthProbe
{
    internal static HealthProbe Mark { get; } = new();
}
