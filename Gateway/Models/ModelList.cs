using System.Text.Json.Serialization;
using AiPlatform.Gateway.Catalog;
using AiPlatform.Gateway.Providers.Routing;
using AiPlatform.Jobs.Catalog;

namespace AiPlatform.Gateway.Models;

/// <summary>The answer of <c>GET /v1/models</c>.</summary>
internal sealed record ModelList
{
    /// <summary>Always <c>list</c>.</summary>
    public required string Object { get; init; }

    public required IReadOnlyList<ModelItem> Data { get; init; }

    /// <summary>The model folders that workers could not load; empty for callers that are not operators.</summary>
    public required IReadOnlyList<FailedModel> Failures { get; init; }
}

/// <summary>A model folder that a worker could not load.</summary>
internal sealed record FailedModel
{
    /// <summary>The folder's name.</summary>
    public required string Folder { get; init; }

    /// <summary>What is wrong with it.</summary>
    public required string Reason { get; init; }
}

/// <summary>A model that can be called.</summary>
internal sealed record ModelItem
{
    /// <summary>The name that requests use.</summary>
    public required string Id { get; init; }

    /// <summary>Always <c>model</c>.</summary>
    public required string Object { get; init; }

    /// <summary>When its files were made, in seconds since 1970; 0 for a provider's model, because providers do not report it.</summary>
    public required long Created { get; init; }

    /// <summary>The owner of the model; for a provider's model, the provider.</summary>
    public required string OwnedBy { get; init; }

    /// <summary>What serves it: <c>worker</c>, or <c>provider</c>.</summary>
    public required string ServedBy { get; init; }

    /// <summary>
    /// False while no worker serves it: calls are 503 <c>model_unavailable</c>, jobs wait for a worker. Absent otherwise.
    /// </summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public bool? Available { get; init; }

    /// <summary>The model's task, such as <c>text-generation</c>. Absent for a provider's model, because it is not known.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Task { get; init; }

    /// <summary>
    /// Most tokens that the model accepts; for a language model, prompt and answer together. Absent for a provider's model, because it is
    /// not known.
    /// </summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public int? MaxModelLen { get; init; }

    /// <summary>The length of its vectors. Absent for models without vectors.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public int? Dimensions { get; init; }

    /// <summary>The number of its labels. Absent for models without labels.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public int? Labels { get; init; }

    /// <summary>How many workers serve it. This and all following members are absent for a provider's model.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public int? Workers { get; init; }

    /// <summary>The devices on which it runs, such as <c>cpu</c> or <c>cuda:0</c>.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<string>? Devices { get; init; }

    /// <summary>Jobs of it that its workers have leased. For operators only.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public long? Running { get; init; }

    /// <summary>Jobs of it that its workers can lease at a time; for a language model, its rows.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public long? Capacity { get; init; }

    /// <param name="model">The workers' description of it.</param>
    /// <param name="load">The workers' load for it.</param>
    /// <param name="isForOperator">Whether the caller is an operator.</param>
    public static ModelItem Of(ModelDescriptor model, ServedLoad load, bool isForOperator) => new()
    {
        Id = model.Name,
        Object = "model",
        Created = model.Created,
        OwnedBy = model.OwnedBy,
        ServedBy = "worker",
        Available = load.Workers > 0 ? null : false,
        Task = model.Task,
        MaxModelLen = model.MaxTokens,
        Dimensions = model.Dimensions,
        Labels = model.Labels,
        Workers = load.Workers,
        Devices = load.Devices,
        Running = isForOperator ? load.Running : null,
        Capacity = load.Capacity,
    };

    public static ModelItem Of(ProviderModel model) =>
        new()
        {
            Id = model.Name,
            Object = "model",
            Created = 0,
            OwnedBy = model.Provider.Name,
            ServedBy = "provider",
        };
}
