using System.Text.Json.Serialization;
using AiPlatform.Gateway.Providers.Routing;
using AiPlatform.Jobs.Catalog;

namespace AiPlatform.Gateway.Models;

/// <summary>A model that can be asked.</summary>
internal sealed record ModelItem
{
    /// <summary>The name that requests use.</summary>
    public required string Id { get; init; }

    /// <summary>Always <c>model</c>.</summary>
    public required string Object { get; init; }

    /// <summary>When its files were made, or the Gateway learnt of a provider's model; seconds since 1970.</summary>
    public required long Created { get; init; }

    /// <summary>Who made it; of a provider's model, the provider.</summary>
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
