using System.Text.Json.Serialization;
using AiPlatform.Gateway.Jobs;
using AiPlatform.Gateway.OpenAI;

namespace AiPlatform.Gateway;

/// <summary>Serializer of everything the Gateway answers, but for embeddings, which are written by hand.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(OpenAIErrorBody))]
[JsonSerializable(typeof(EmbeddingRequest))]
[JsonSerializable(typeof(EmbeddingList))]
[JsonSerializable(typeof(ModelList))]
[JsonSerializable(typeof(ProblemBody))]
[JsonSerializable(typeof(JobRequest))]
[JsonSerializable(typeof(JobResource))]
[JsonSerializable(typeof(Dictionary<string, string>))]
internal sealed partial class GatewayJson : JsonSerializerContext;
