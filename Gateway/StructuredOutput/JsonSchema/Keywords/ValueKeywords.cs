using System.Collections.Frozen;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace AiPlatform.Gateway.StructuredOutput.JsonSchema.Keywords;

/// <summary><c>type</c>, <c>enum</c> and <c>const</c>.</summary>
internal static class ValueKeywords
{
    private const int MaxNamedValues = 20;
    private const int MaxNamedLength = 200;

    private static readonly FrozenSet<string> Types = FrozenSet.Create("string", "number", "integer", "boolean", "object", "array", "null");

    public static SchemaCheck Type(Keyword keyword)
    {
        string[] types = keyword.Value is JsonArray ? [.. keyword.Texts().Distinct()] : [keyword.Text()];
        if (types.Length == 0 || !types.All(Types.Contains))
            throw keyword.Wrong($"must be one or more of {string.Join(", ", Types.Order(StringComparer.Ordinal))}");

        var message = $"must be {string.Join(" or ", types.Select(WithArticle))}";
        return (value, checking) => IsOneOf(value, types, checking) || checking.Fails(message, value);
    }

    public static SchemaCheck Enum(Keyword keyword)
    {
        var element = keyword.Element();
        if (element.ValueKind != JsonValueKind.Array) throw keyword.Wrong("must be an array");
        return OneOf([.. element.EnumerateArray()], keyword);
    }

    public static SchemaCheck Const(Keyword keyword) => OneOf([keyword.Element()], keyword);

    private static SchemaCheck OneOf(JsonElement[] allowed, Keyword keyword)
    {
        // This is not a frozen set, because a caller could choose strings that all have the same hash there.
        var values = allowed.Select(value => CanonicalJson.Of(value, keyword.Compiler.Budget)).ToHashSet(StringComparer.Ordinal);
        var named = string.Join(", ", allowed.Take(MaxNamedValues).Select(NamedShort));
        var message = allowed.Length switch
        {
            1 => $"must be {named}",
            > MaxNamedValues => $"must be one of {allowed.Length} values: {named}, …",
            _ => $"must be one of {named}",
        };
        return (value, checking) => values.Contains(checking.CanonicalOf(value)) || checking.Fails(message, value);
    }

    private static string NamedShort(JsonElement value) => Checking.Shortened(value.GetRawText(), MaxNamedLength);

    private static bool IsOneOf(JsonElement value, string[] types, Checking checking)
    {
        foreach (var type in types)
            if (Is(value, type, checking)) return true;
        return false;
    }

    private static bool Is(JsonElement value, string type, Checking checking) => value.ValueKind switch
    {
        JsonValueKind.String => type == "string",
        JsonValueKind.Number => type == "number" || (type == "integer" && IsInteger(value, checking)),
        JsonValueKind.True or JsonValueKind.False => type == "boolean",
        JsonValueKind.Object => type == "object",
        JsonValueKind.Array => type == "array",
        _ => type == "null",
    };

    private static bool IsInteger(JsonElement value, Checking checking) =>
        value.TryGetInt64(out _) || (checking.TryReadNumber(value, out var number) && number.IsInteger);

    private static string WithArticle(string type) => type switch
    {
        "null" => "null",
        "integer" or "object" or "array" => $"an {type}",
        _ => $"a {type}",
    };
}
