using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using AiPlatform.Jobs.Redis;
using AiPlatform.Jobs.Telemetry;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using StackExchange.Redis;

namespace AiPlatform.Jobs.Catalog;

internal sealed class WorkerCatalog(
    ScriptRunner scripts, IOptions<JobsOptions> options, TimeProvider time, ILogger<WorkerCatalog> logger) : IWorkerCatalog
{
    /// <summary>A model stays known this long after the last heartbeat that named it, so that its jobs outlive a restart.</summary>
    private static readonly TimeSpan ModelMemory = TimeSpan.FromDays(7);

    public Task BeatAsync(WorkerHeartbeat heartbeat, IReadOnlyList<ModelDescriptor> models, CancellationToken cancellationToken) =>
        RunAsync(
            heartbeat.Worker,
            JsonSerializer.Serialize(heartbeat with { SentAt = time.GetUtcNow() }, CatalogJson.Default.WorkerHeartbeat),
            models,
            cancellationToken);

    public Task LeaveAsync(string worker, CancellationToken cancellationToken) => RunAsync(worker, "", [], cancellationToken);

    public async Task<CatalogSnapshot> ReadAsync(CancellationToken cancellationToken)
    {
        var reply = (RedisResult[])(await scripts.RunAsync(JobScript.Catalog, RedisKeys.WorkersBase, [], cancellationToken))!;
        var models = ((RedisValue[])reply[0]!).Where((_, i) => i % 2 == 1)
            .Select(json => Read(json, CatalogJson.Default.ModelDescriptor)).OfType<ModelDescriptor>()
            .OrderBy(model => model.Name, StringComparer.Ordinal);
        var workers = ((RedisValue[])reply[1]!).Where(json => !json.IsNull)
            .Select(json => Read(json, CatalogJson.Default.WorkerHeartbeat)).OfType<WorkerHeartbeat>()
            .Where(worker => !worker.Models.Contains(null!) && !worker.Failures.Contains(null!))
            .OrderBy(worker => worker.Worker, StringComparer.Ordinal);
        return new CatalogSnapshot([.. models], [.. workers]);
    }

    public Task ConfirmAsync(CancellationToken cancellationToken) =>
        scripts.ConfirmAsync(RedisKeys.WorkersBase, cancellationToken);

    private async Task RunAsync(string worker, string beat, IReadOnlyList<ModelDescriptor> models, CancellationToken cancellationToken)
    {
        List<RedisValue> arguments =
            [worker, beat, ScriptArgument.Milliseconds(options.Value.HeartbeatTtl), ScriptArgument.Milliseconds(ModelMemory)];
        foreach (var model in models)
            arguments.AddRange([model.Name, JsonSerializer.Serialize(model, CatalogJson.Default.ModelDescriptor)]);

        await scripts.RunAsync(JobScript.Heartbeat, RedisKeys.WorkersBase, [.. arguments], cancellationToken);
    }

    /// <summary>
    /// Reads an entry; null when another version wrote it and this one cannot read it. Such an entry must not hide the others.
    /// </summary>
    private T? Read<T>(RedisValue json, JsonTypeInfo<T> type)
        where T : class
    {
        try
        {
            return JsonSerializer.Deserialize((string)json!, type);
        }
        catch (JsonException unreadable)
        {
            Log.CatalogEntryUnreadable(logger, unreadable.Message);
            return null;
        }
    }
}

/// <summary>Serializer of heartbeats and model descriptors.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    RespectNullableAnnotations = true,
    RespectRequiredConstructorParameters = true)]
[JsonSerializable(typeof(ModelDescriptor))]
[JsonSerializable(typeof(WorkerHeartbeat))]
internal sealed partial class CatalogJson : JsonSerializerContext;
