using System.Text.Json;
using AiPlatform.Grammars.JsonSchema.Numbers;

namespace AiPlatform.Grammars.JsonSchema;

/// <summary>The types of JSON Schema, as a set. Integers are numbers without a fraction.</summary>
[Flags]
internal enum JsonTypes
{
    None = 0,
    Null = 1,
    Boolean = 2,
    Integer = 4,
    Fraction = 8,
    Number = Integer | Fraction,
    String = 16,
    Array = 32,
    Object = 64,
    All = Null | Boolean | Number | String | Array | Object,
}

/// <summary>Reads <c>type</c>.</summary>
internal static class JsonTypeNames
{
    /// <summary>The types that a schema's own <c>type</c> allows.</summary>
    public static JsonTypes Of(SchemaNode node)
    {
        if (node.Get("type") is not { } type) return JsonTypes.All;
        if (type.ValueKind == JsonValueKind.String) return Of(node, type);
        if (type.ValueKind != JsonValueKind.Array || type.GetArrayLength() == 0)
            throw node.Invalid("type", "is neither a name nor a list of names");
        return type.EnumerateArray().Aggregate(JsonTypes.None, (all, one) => all | Of(node, one));
    }

    /// <summary>The type of a value.</summary>
    public static JsonTypes Of(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Null => JsonTypes.Null,
        JsonValueKind.True or JsonValueKind.False => JsonTypes.Boolean,
        JsonValueKind.Number => ExactNumber.TryParse(value, out var number) && number.IsInteger ? JsonTypes.Integer : JsonTypes.Fraction,
        JsonValueKind.String => JsonTypes.String,
        JsonValueKind.Array => JsonTypes.Array,
        _ => JsonTypes.Object,
    };

    private static JsonTypes Of(SchemaNode node, JsonElement name) =>
        (name.ValueKind == JsonValueKind.String ? SchemaDocument.TextOf(name) : null) switch
        {
            "null" => JsonTypes.Null,
            "boolean" => JsonTypes.Boolean,
            "integer" => JsonTypes.Integer,
            "number" => JsonTypes.Number,
            "string" => JsonTypes.String,
            "array" => JsonTypes.Array,
            "object" => JsonTypes.Object,
            _ => throw node.Invalid("type", $"has an unknown name: {name.GetRawText()}"),
        };
}
