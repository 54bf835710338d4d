using System.Text.Json.Serialization;

namespace AiPlatform.Gateway.Tasks.Embeddings;

/// <summary>The body of <c>POST /v1/embeddings</c>. Fields that are not here are passed over.</summary>
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

    /// <summary>The caller's own name for its user; taken and not used.</summary>
    public string? User { get; init; }
}

/// <summary>The types of the route's requests and answers, for the API's description.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, NumberHandling = JsonNumberHandling.Strict)]
[JsonSerializable(typeof(EmbeddingRequest))]
[JsonSerializable(typeof(EmbeddingList))]
internal sealed partial class EmbeddingTypes : JsonSerializerContext;
