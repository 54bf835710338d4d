using System.Collections.Frozen;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace AiPlatform.Gateway.StructuredOutput.JsonSchema;

/// <summary><c>type</c>, <c>enum</c> and <c>const</c>.</summary>
internal static class ValueKeywords
{
    private const int MaxNamedValues = 20;

    private static readonly FrozenSet<string> Types = FrozenSet.Create("string", "number", "integer", "boolean", "object", "array", "null");

    public static SchemaCheck Type(Keyword keyword)
    {
        var types = keyword.Value is JsonArray ? keyword.Texts() : [keyword.Text()];
        if (types.Count == 0 || !types.All(Types.Contains))
            throw keyword.Wrong($"must be one or more of {string.Join(", ", Types.Order(StringComparer.Ordinal))}");

        var message = $"must be {string.Join(" or ", types.Select(WithArticle))}";
        return (value, checking) => types.Any(type => Is(value, type)) || checking.Fails(message, value);
    }

    public static SchemaCheck Enum(Keyword keyword)
    {
        var element = keyword.Element();
        if (element.ValueKind != JsonValueKind.Array) throw keyword.Wrong("must be an array");
        return OneOf([.. element.EnumerateArray()]);
    }

    public static SchemaCheck Const(Keyword keyword) => OneOf([keyword.Element()]);

    private static SchemaCheck OneOf(JsonElement[] allowed)
    {
        var values = allowed.Select(CanonicalJson.Of).ToFrozenSet(StringComparer.Ordinal);
        var named = string.Join(", ", allowed.Take(MaxNamedValues).Select(value => value.GetRawText()));
        var message = allowed.Length switch
        {
            1 => $"must be {named}",
            > MaxNamedValues => $"must be one of {allowed.Length} values: {named}, …",
            _ => $"must be one of {named}",
        };
        return (value, checking) => values.Contains(CanonicalJson.Of(value)) || checking.Fails(message, value);
    }

    private static bool Is(JsonElement value, string type) => value.ValueKind switch
    {
        JsonValueKind.String => type == "string",
        JsonValueKind.Number => type == "number" || (type == "integer" && IsInteger(value)),
        JsonValueKind.True or JsonValueKind.False => type == "boolean",
        JsonValueKind.Object => type == "object",
        JsonValueKind.Array => type == "array",
        _ => type == "null",
    };

    private static bool IsInteger(JsonElement value) => value.TryGetInt64(out _) || (ExactNumber.TryParse(value, out var number) && number.IsInteger);

    private static string WithArticle(string type) => type switch
    {
        "null" => "null",
        "integer" or "object" or "array" => $"an {type}",
        _ => $"a {type}",
    };
}
