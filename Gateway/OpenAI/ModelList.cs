namespace AiPlatform.Gateway.OpenAI;

/// <summary>The answer of <c>GET /v1/models</c>.</summary>
internal sealed record ModelList
{
    /// <summary>Always <c>list</c>.</summary>
    public required string Object { get; init; }

    public required IReadOnlyList<ModelItem> Data { get; init; }
}
