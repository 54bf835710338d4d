namespace AiPlatform.Jobs;

/// <summary>The lanes a job may wait in. There is one.</summary>
public static class Lanes
{
    public const string Default = "default";
}
