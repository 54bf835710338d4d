using System.Text.Json.Nodes;
using Microsoft.OpenApi;
using Microsoft.OpenApi.Reader;

namespace AiPlatform.Gateway.Description;

/// <summary>The components of the API's description, by their names.</summary>
internal static class ApiComponents
{
    public const string ProviderError = "ProviderErrorBody";

    /// <summary>A reference to a component.</summary>
    public static JsonObject To(string component) => new() { ["$ref"] = $"#/components/schemas/{component}" };

    /// <summary>A schema of the document, which may refer to its components.</summary>
    public static OpenApiSchema Parse(JsonNode schema, OpenApiDocument document) => OpenApiModelFactory.Parse<OpenApiSchema>(
        schema.ToJsonString(), OpenApiSpecVersion.OpenApi3_1, document, out _, OpenApiConstants.Json)!;
}
