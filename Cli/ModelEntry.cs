using System.Text.Json.Serialization;

namespace AiPlatform.Cli;

/// <summary>A model of <c>/v1/models</c>. Members that the Gateway does not know are null.</summary>
internal sealed record ModelEntry
{
    public required string Id { get; init; }

    public string? OwnedBy { get; init; }

    /// <summary><c>worker</c> or <c>provider</c>.</summary>
    public string? ServedBy { get; init; }

    public bool? Available { get; init; }

    public string? Task { get; init; }

    public int? MaxModelLen { get; init; }

    public int? Workers { get; init; }

    public IReadOnlyList<string>? Devices { get; init; }

    /// <summary>Whether it can chat now, as far as is known.</summary>
    [JsonIgnore]
    public bool MayChat => Available != false && IsForChats;

    /// <summary>Whether it is a language model, as far as is known.</summary>
    [JsonIgnore]
    public bool IsForChats => Task is null or "text-generation";
}

/// <summary>A model folder that a worker could not load.</summary>
internal sealed record FailedEntry
{
    public required string Folder { get; init; }

    public required string Reason { get; init; }
}

/// <summary>The list of models.</summary>
internal sealed record ModelEntries
{
    public IReadOnlyList<ModelEntry>? Data { get; init; }

    /// <summary>What operators see.</summary>
    public IReadOnlyList<FailedEntry>? Failures { get; init; }
}

/// <summary>The JSON of <c>/v1/models</c>.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(ModelEntries))]
internal sealed partial class ModelsJson : JsonSerializerContext;
