namespace AiPlatform.ServiceDefaults.Resilience;

/// <summary>The named resilience pipelines that both processes use.</summary>
public static class ResiliencePipelineNames
{
    /// <summary>One call to Redis: a time limit, no retry.</summary>
    public const string RedisCall = "redis-call";

    /// <summary>
    /// Writing what must not be lost (a result): tried again with growing pauses until it is taken or minutes have passed.
    /// </summary>
    public const string RedisCommit = "redis-commit";
}
