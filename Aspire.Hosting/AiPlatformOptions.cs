namespace Aspire.Hosting;

/// <summary>What has to be known when a server is added: the names of its parts, and where a local run keeps its data.</summary>
public sealed class AiPlatformOptions
{
    /// <summary>The name of the Gateway. Default <c>{name}-gateway</c>.</summary>
    public string? GatewayName { get; set; }

    /// <summary>The name of the workers. Default <c>{name}-inference</c>.</summary>
    public string? InferenceName { get; set; }

    /// <summary>The name of the Redis that is added unless <c>WithRedis</c> names another one. Default <c>{name}-redis</c>.</summary>
    public string? RedisName { get; set; }

    /// <summary>How that Redis is started in a local run. Default <see cref="AiPlatformRedisStart.Auto"/>.</summary>
    public AiPlatformRedisStart RedisStart { get; set; }

    /// <summary>
    /// The folder of what local runs keep for the next one; a relative path starts at the AppHost's folder. Default
    /// <c>.aspire/aiplatform</c> in Aspire's store, which is the <c>obj</c> folder of the AppHost.
    /// </summary>
    public string? DataPath { get; set; }
}

/// <summary>How a local run starts its Redis.</summary>
public enum AiPlatformRedisStart
{
    /// <summary>As a container where a container engine answers, else as a process.</summary>
    Auto,

    /// <summary>As a container, in a volume of its own.</summary>
    Container,

    /// <summary>As the <c>redis-server</c> of this machine, 7.0 or later. It listens on this machine only, without a password.</summary>
    Process,
}
