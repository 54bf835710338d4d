using System.Text.Json.Serialization;
using AiPlatform.Client.Classification;
using AiPlatform.Client.Jobs;

namespace AiPlatform.Client;

/// <summary>The serializer of what the Gateway sends and takes.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(Job))]
[JsonSerializable(typeof(JobPage))]
[JsonSerializable(typeof(JobSubmission))]
[JsonSerializable(typeof(ClassificationCall))]
[JsonSerializable(typeof(ClassificationResult))]
internal sealed partial class ClientJson : JsonSerializerContext;
