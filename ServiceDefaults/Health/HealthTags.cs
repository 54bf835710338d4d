namespace AiPlatform.ServiceDefaults.Health;

/// <summary>Which endpoint a health check speaks for.</summary>
public static class HealthTags
{
    /// <summary><c>/health</c>: send requests here.</summary>
    public const string Ready = "ready";

    /// <summary><c>/alive</c>: if this fails, restart the process.</summary>
    public const string Live = "live";
}
