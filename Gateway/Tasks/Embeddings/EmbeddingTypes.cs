using System.Text.Json.Serialization;

namespace AiPlatform.Gateway.Tasks.Embeddings;

/// <summary>The types of the route's requests and answers, for the API's description.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, NumberHandling = JsonNumberHandling.Strict)]
[JsonSerializable(typeof(EmbeddingRequest))]
[JsonSerializable(typeof(EmbeddingList))]
internal sealed partial class EmbeddingTypes : JsonSerializerContext;
