using AiPlatform.Jobs.Catalog;

namespace AiPlatform.Gateway.OpenAI;

/// <summary>A model that can be asked.</summary>
internal sealed record ModelItem
{
    /// <summary>The name that requests use.</summary>
    public required string Id { get; init; }

    /// <summary>Always <c>model</c>.</summary>
    public required string Object { get; init; }

    /// <summary>When its files were made, seconds since 1970.</summary>
    public required long Created { get; init; }

    /// <summary>Who made it.</summary>
    public required string OwnedBy { get; init; }

    public static ModelItem Of(ModelDescriptor model) => new() { Id = model.Name, Object = "model", Created = model.Created, OwnedBy = model.OwnedBy };
}
