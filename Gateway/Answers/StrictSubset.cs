using System.Collections.Frozen;
using System.Text.Json.Nodes;

namespace AiPlatform.Gateway.Answers;

/// <summary>
/// The schemas that all providers accept with <c>"strict": true</c>, which makes them decode within the schema. Providers refuse other
/// schemas with 400, so <c>strict</c> is sent only with these.
/// </summary>
internal static class StrictSubset
{
    private static readonly FrozenSet<string> Keywords =
        FrozenSet.Create(
            "type", "properties", "required", "additionalProperties", "items", "enum", "const", "description", "anyOf", "$ref");

    /// <summary>Whether every object is closed and requires all its members, and the schema has no other keywords.</summary>
    public static bool Covers(JsonNode? schema) =>
        schema is JsonObject fields
        && fields.All(field => Keywords.Contains(field.Key))
        && IsClosed(fields)
        && PartsOf(fields).All(Covers);

    private static bool IsClosed(JsonObject schema) =>
        schema["properties"] is not JsonObject properties
        || (schema["additionalProperties"] is JsonValue closed && closed.TryGetValue(out bool more) && !more
            && schema["required"] is JsonArray required && required.Count == properties.Count);

    private static IEnumerable<JsonNode?> PartsOf(JsonObject schema)
    {
        if (schema["properties"] is JsonObject properties)
            foreach (var (_, value) in properties) yield return value;
        if (schema["anyOf"] is JsonArray forms)
            foreach (var form in forms) yield return form;
        if (schema["items"] is { } items) yield return items;
    }
}
