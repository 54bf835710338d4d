namespace AiPlatform.Jobs;

/// <summary>Who calls. Without API keys everybody is the same tenant.</summary>
public static class Tenants
{
    public const string Anonymous = "anonymous";
}
