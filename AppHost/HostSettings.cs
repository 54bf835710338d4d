using System.Net;
using System.Net.Sockets;
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

    /// <summary>
    /// <c>Inference:MaxReplicas</c>: how many InferenceWorkers the command <i>Scale workers</i> may let run. Default
    /// <c>Inference:Replicas</c>, which is also the least, to 64.
    /// </summary>
    public required int MaxWorkers { get; init; }

    /// <summary><c>Inference:Image</c>: the worker's image in published files. Default that of <c>deploy/</c>.</summary>
    public required string? WorkerImage { get; init; }

    /// <summary><c>Gateway:Replicas</c>: how many Gateways run. Default 1, 1 to 64.</summary>
    public required int Gateways { get; init; }

    /// <summary><c>Gateway:Port</c>: where the Gateway listens on this machine, 1 to 65,535. Default a free port.</summary>
    public required int? GatewayPort { get; init; }

    /// <summary><c>Gateway:Image</c>: the Gateway's image in published files. Default that of <c>deploy/</c>.</summary>
    public required string? GatewayImage { get; init; }

    /// <summary><c>Models:Device</c>: <c>auto</c>, <c>cpu</c> or <c>cuda</c>. Default <c>auto</c>.</summary>
    public required string Device { get; init; }

    /// <summary>Settings of the workers' devices that are passed on as they are, because the workers check them.</summary>
    public required IReadOnlyDictionary<string, string> DeviceSettings { get; init; }

    /// <summary><c>Models:Path</c>: folder of the model folders on this machine. Default the repository's <c>models</c>.</summary>
    public required string ModelsPath { get; init; }

    /// <summary>
    /// <c>Redis:Start</c>: how Redis is started where no connection string names one: as a <c>container</c>, as a <c>process</c>, or
    /// <c>auto</c>: a container where a container engine answers, else a process. Default <c>auto</c>.
    /// </summary>
    public required AiPlatformRedisStart RedisStart { get; init; }

    /// <summary><c>Redis:Insight</c>: whether Redis Insight is started next to a Redis in a container. Default false.</summary>
    public required bool RedisInsight { get; init; }

    /// <summary><c>AI_DATA_DIR</c>: folder of what local runs keep, in its subfolder <c>aspire</c>. Default <c>.data</c>.</summary>
    public required string DataPath { get; init; }

    /// <summary><c>OTEL_EXPORTER_OTLP_ENDPOINT</c>: where a deployment sends its telemetry. Default nowhere.</summary>
    public required string? OtlpEndpoint { get; init; }

    /// <summary>The checkout, which has <c>deploy/</c> and the programs.</summary>
    public required string Repository { get; init; }

    private static string[] DeviceKeys { get; } =
    [
        "Models:DeviceId", "Models:DeviceMemoryLimitBytes", "Models:CudaPath", "Models:ArenaGrowth", "Models:TensorFloat32",
        "Generation:CudaGraphs",
    ];

    public static HostSettings Read(IDistributedApplicationBuilder builder)
    {
        var configuration = builder.Configuration;
        var workers = Number(configuration, "Inference:Replicas", 1, 64) ?? 1;
        return new HostSettings
        {
            Workers = workers,
            MaxWorkers = Number(configuration, "Inference:MaxReplicas", workers, 64) ?? workers,
            WorkerImage = Text(configuration, "Inference:Image"),
            Gateways = Number(configuration, "Gateway:Replicas", 1, 64) ?? 1,
            GatewayPort = FreePort(Number(configuration, "Gateway:Port", 1, 65_535), builder.ExecutionContext),
            GatewayImage = Text(configuration, "Gateway:Image"),
            Device = OneOf(configuration, "Models:Device", "auto", "cpu", "cuda") ?? "auto",
            DeviceSettings = DeviceKeys.Where(key => configuration[key] is { Length: > 0 })
                .ToDictionary(key => key, key => configuration[key]!),
            ModelsPath = ModelsFolder(builder),
            RedisStart = Enum.Parse<AiPlatformRedisStart>(
                OneOf(configuration, "Redis:Start", "auto", "container", "process") ?? "auto", ignoreCase: true),
            RedisInsight = Switch(configuration, "Redis:Insight"),
            DataPath = Path.GetFullPath(Text(configuration, "AI_DATA_DIR") ?? "../.data", builder.AppHostDirectory),
            OtlpEndpoint = Text(configuration, "OTEL_EXPORTER_OTLP_ENDPOINT"),
            Repository = Path.GetFullPath("..", builder.AppHostDirectory),
        };
    }

    /// <summary>What has to be known when the system is added.</summary>
    public void Apply(AiPlatformOptions options)
    {
        (options.GatewayName, options.InferenceName, options.RedisName) = ("gateway", "inference", "redis");
        options.RedisStart = RedisStart;
        options.DataPath = Path.Combine(DataPath, "aspire");
    }

    private static string? Text(ConfigurationManager configuration, string key) =>
        configuration[key] is { } text && !string.IsNullOrWhiteSpace(text) ? text : null;

    private static int? Number(ConfigurationManager configuration, string key, int least, int most)
    {
        if (configuration[key] is not { Length: > 0 } text) return null;
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

    /// <summary>The models' folder, which a local run needs.</summary>
    private static string ModelsFolder(IDistributedApplicationBuilder builder)
    {
        const string Key = "Models:Path";
        var set = Text(builder.Configuration, Key);
        var path = Path.GetFullPath(set ?? "../models", builder.AppHostDirectory);
        return set is null || !builder.ExecutionContext.IsRunMode || Directory.Exists(path)
            ? path
            : throw new DistributedApplicationException(
                $"{Key} is '{set}'; there is no folder '{path}'. A relative path starts at {builder.AppHostDirectory}.");
    }

    /// <summary>
    /// Refuses a port where another program listens: the orchestrator would not, and the dashboard's links and commands would lead to
    /// that program.
    /// </summary>
    private static int? FreePort(int? port, DistributedApplicationExecutionContext context)
    {
        if (port is not { } wanted || !context.IsRunMode) return port;
        try
        {
            using var probe = new TcpListener(IPAddress.Loopback, wanted);
            probe.Start();
            return port;
        }
        catch (SocketException)
        {
            throw new DistributedApplicationException(
                $"Gateway:Port is {wanted}, and another program listens there. Stop it, or choose another port; without one it is free.");
        }
    }
}
