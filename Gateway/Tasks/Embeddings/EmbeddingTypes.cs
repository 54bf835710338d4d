using System.Text.Json.Serialization;

namespace AiPlatform.Gateway.Tasks.Embeddings;

/// <summary>The body of <c>POST /v1/embeddings</c>. Other fields are ignored.</summary>
/// <remarks>
/// For the API's description only: requests are read by <see cref="AiPlatform.Jobs.Tasks.Embeddings.EmbeddingRequestParser"/>.
/// </remarks>
internal sealed record EmbeddingRequest
{
    /// <summary>The name of a model that <c>/v1/models</c> lists.</summary>
    public required string Model { get; init; }

    /// <summary>
    /// One string, 1 to 2,048 strings, 1 to 2,048 token ids of one input, or 1 to 2,048 arrays of token ids. None may be empty.
    /// </summary>
    public required object Input { get; init; }

    /// <summary><c>float</c> (default): arrays of numbers; <c>base64</c>: base64 of little-endian 32-bit floats.</summary>
    public string? EncodingFormat { get; init; }

    /// <summary>Cuts vectors to this length, 1 to the model's own, and normalises them again.</summary>
    public int? Dimensions { get; init; }

    /// <summary>True cuts an input at the model's limit of tokens; false, the default, answers 400.</summary>
    public bool? Truncate { get; init; }

    /// <summary>The caller's own name for its user; accepted and not used.</summary>
    public string? User { get; init; }
}

/// <summary>The types of the route's requests and answers, for the API's description.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, NumberHandling = JsonNumberHandling.Strict)]
[JsonSerializable(typeof(EmbeddingRequest))]
[JsonSerializable(typeof(EmbeddingList))]
internal sealed partial class EmbeddingTypes : JsonSerializerContext;

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

    /// <summary>The index of the input, from 0.</summary>
    public required int Index { get; init; }

    /// <summary>Numbers, or a string in base64, as <c>encoding_format</c> says.</summary>
    public required object Embedding { get; init; }
}

/// <summary>Tokens of all inputs, special tokens included.</summary>
internal sealed record EmbeddingUsage
{
    public required int PromptTokens { get; init; }

    /// <summary>The same number, because embeddings write no tokens.</summary>
    public required int TotalTokens { get; init; }
}
