namespace AiPlatform.Jobs.Catalog;

/// <summary>A worker's description of a model that it serves. Stored as JSON in snake case.</summary>
public sealed record ModelDescriptor
{
    /// <summary>The name that requests use.</summary>
    public required string Name { get; init; }

    /// <summary>The model's task: <c>embedding</c>, ….</summary>
    public required string Task { get; init; }

    /// <summary>Most tokens of one input, special tokens included.</summary>
    public required int MaxTokens { get; init; }

    /// <summary>Length of its vectors; null for models without vectors.</summary>
    public int? Dimensions { get; init; }

    /// <summary>How many labels it has; null for models without labels.</summary>
    public int? Labels { get; init; }

    /// <summary>When the model's files were made, seconds since 1970.</summary>
    public required long Created { get; init; }

    /// <summary>The model's owner: the part of its source before <c>/</c>.</summary>
    public required string OwnedBy { get; init; }
}
