namespace AiPlatform.Gateway.Tasks.Embeddings;

/// <summary>The answer of <c>POST /v1/embeddings</c>.</summary>
/// <remarks>For the API's description only: <see cref="EmbeddingJson"/> writes it.</remarks>
internal sealed record EmbeddingList
{
    /// <summary>Always <c>list</c>.</summary>
    public required string Object { get; init; }

    /// <summary>One for each input, in their order.</summary>
    public required IReadOnlyList<EmbeddingItem> Data { get; init; }

    public required string Model { get; init; }

    public required EmbeddingUsage Usage { get; init; }
}

/// <summary>One vector.</summary>
internal sealed record EmbeddingItem
{
    /// <summary>Always <c>embedding</c>.</summary>
    public required string Object { get; init; }

    /// <summary>The input's place, from 0.</summary>
    public required int Index { get; init; }

    /// <summary>Numbers, or a string in base64, as <c>encoding_format</c> asked.</summary>
    public required object Embedding { get; init; }
}

/// <summary>Tokens of all inputs, special tokens included.</summary>
internal sealed record EmbeddingUsage
{
    public required int PromptTokens { get; init; }

    /// <summary>The same: embeddings write no tokens.</summary>
    public required int TotalTokens { get; init; }
}
