using Microsoft.Extensions.Configuration;

namespace AiPlatform.AppHost;

/// <summary>
/// The settings of the whole system, from environment variables (<c>Inference__Replicas=2</c>), the command line
/// (<c>--Inference:Replicas=2</c>) or appsettings.json. An invalid value stops the start with an error that names the key.
/// </summary>
internal sealed record HostSettings
{
    /// <summary><c>Inference:Replicas</c>: how many InferenceWorkers run. Default 1, 1 to 64.</summary>
    public required int Workers { get; init; }

    /// <summary><c>Gateway:Replicas</c>: how many Gateways run. Default 1, 1 to 64.</summary>
    public required int Gateways { get; init; }

    /// <summary><c>Models:Device</c>: <c>auto</c>, <c>cpu</c> or <c>cuda</c>. Default <c>auto</c>.</summary>
    public required string Device { get; init; }

    /// <summary>Settings of the workers' devices that are passed on as they are, because the workers check them.</summary>
    public required IReadOnlyDictionary<string, string> DeviceSettings { get; init; }

    /// <summary><c>Models:Path</c>: folder of the model folders on this machine. Default the repository's <c>models</c>.</summary>
    public required string ModelsPath { get; init; }

    /// <summary><c>ConnectionStrings:redis</c>: whether a Redis runs already; otherwise one is started as a container.</summary>
    public required bool HasRedis { get; init; }

    /// <summary><c>Redis:Insight</c>: whether Redis Insight is started next to Redis. Default false.</summary>
    public required bool RedisInsight { get; init; }

    /// <summary><c>Gateway:OperatorKey</c>: the key that the dashboard's commands send, if the Gateway has keys. Default none.</summary>
    public required string? OperatorKey { get; init; }

    private static string[] DeviceKeys { get; } =
    [
        "Models:DeviceId", "Models:DeviceMemoryLimitBytes", "Models:CudaPath", "Models:ArenaGrowth", "Models:TensorFloat32",
        "Generation:CudaGraphs",
    ];

    public static HostSettings Read(IDistributedApplicationBuilder builder)
    {
        var configuration = builder.Configuration;
        return new HostSettings
        {
            Workers = Number(configuration, "Inference:Replicas", 1, 1, 64),
            Gateways = Number(configuration, "Gateway:Replicas", 1, 1, 64),
            Device = OneOf(configuration, "Models:Device", "auto", "cpu", "cuda") ?? "auto",
            DeviceSettings = DeviceKeys.Where(key => configuration[key] is { Length: > 0 })
                .ToDictionary(key => key, key => configuration[key]!),
            ModelsPath = Path.GetFullPath(configuration["Models:Path"] ?? "../models", builder.AppHostDirectory),
            HasRedis = !string.IsNullOrWhiteSpace(configuration.GetConnectionString("redis")),
            RedisInsight = Switch(configuration, "Redis:Insight"),
            OperatorKey = configuration["Gateway:OperatorKey"],
        };
    }

    private static int Number(ConfigurationManager configuration, string key, int normal, int least, int most)
    {
        if (configuration[key] is not { Length: > 0 } text) return normal;
        return int.TryParse(text, out var number) && number >= least && number <= most
            ? number
            : throw new DistributedApplicationException($"{key} is '{text}'; it takes a number from {least} to {most}.");
    }

    private static bool Switch(ConfigurationManager configuration, string key)
    {
        if (configuration[key] is not { Length: > 0 } text) return false;
        return bool.TryParse(text, out var on)
            ? on
            : throw new DistributedApplicationException($"{key} is '{text}'; it takes true or false.");
    }

    private static string? OneOf(ConfigurationManager configuration, string key, params string[] values)
    {
        if (configuration[key] is not { Length: > 0 } text) return null;
        return values.Contains(text, StringComparer.Ordinal)
            ? text
            : throw new DistributedApplicationException($"{key} is '{text}'; it takes one of {string.Join(", ", values)}.");
    }
}
