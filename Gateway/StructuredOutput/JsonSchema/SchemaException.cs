using System.Text.Json.Nodes;

namespace AiPlatform.Gateway.StructuredOutput.JsonSchema;

/// <summary>A schema that cannot be checked in full. The message says where, what and what to do, for whoever wrote the schema.</summary>
internal sealed class SchemaException(string message) : Exception(message)
{
    private const int MaxPathShown = 300;

    /// <summary>Where a part of a schema stands, for a message.</summary>
    public static string PlaceOf(JsonNode part) => Checking.Shortened(part.GetPath(), MaxPathShown);
}
