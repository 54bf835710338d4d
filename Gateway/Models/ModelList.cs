using System.Text.Json.Serialization;
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

    /// <summary>When its files were made or, for a provider's model, when the Gateway read its settings; seconds since 1970.</summary>
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

    public static ModelItem Of(ModelDescriptor model, bool isAttended) => new()
    {
        Id = model.Name,
        Object = "model",
        Created = model.Created,
        OwnedBy = model.OwnedBy,
        ServedBy = "worker",
        Available = isAttended ? null : false,
    };

    public static ModelItem Of(ProviderModel model, DateTimeOffset since) =>
        new()
        {
            Id = model.Name,
            Object = "model",
            Created = since.ToUnixTimeSeconds(),
            OwnedBy = model.Provider.Name,
            ServedBy = "provider",
        };
}
