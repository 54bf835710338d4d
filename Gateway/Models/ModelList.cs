namespace AiPlatform.Gateway.Models;

/// <summary>The answer of <c>GET /v1/models</c>.</summary>
internal sealed record ModelList
{
    /// <summary>Always <c>list</c>.</summary>
    public required string Object { get; init; }

    public required IReadOnlyList<ModelItem> Data { get; init; }

    /// <summary>The model folders that workers could not load; empty for callers who are no operators.</summary>
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
