using System.Text.Json.Serialization;

namespace AiPlatform.Jobs.Catalog;

/// <summary>Serializer of what workers say of themselves.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, RespectNullableAnnotations = true)]
[JsonSerializable(typeof(ModelDescriptor))]
[JsonSerializable(typeof(WorkerHeartbeat))]
internal sealed partial class CatalogJson : JsonSerializerContext;
