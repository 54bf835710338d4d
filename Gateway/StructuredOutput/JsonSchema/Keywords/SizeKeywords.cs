using System.Text.Json;

namespace AiPlatform.Gateway.StructuredOutput.JsonSchema.Keywords;

/// <summary>How many items an array, and how many properties an object may have.</summary>
internal static class SizeKeywords
{
    public static SchemaCheck MinItems(Keyword keyword) =>
        AtLeast(keyword, JsonValueKind.Array, "items", static value => value.GetArrayLength());

    public static SchemaCheck MaxItems(Keyword keyword) =>
        AtMost(keyword, JsonValueKind.Array, "items", static value => value.GetArrayLength());

    public static SchemaCheck MinProperties(Keyword keyword) =>
        AtLeast(keyword, JsonValueKind.Object, "properties", static value => value.GetPropertyCount());

    public static SchemaCheck MaxProperties(Keyword keyword) =>
        AtMost(keyword, JsonValueKind.Object, "properties", static value => value.GetPropertyCount());

    private static SchemaCheck AtLeast(Keyword keyword, JsonValueKind kind, string parts, Func<JsonElement, int> sizeOf)
    {
        var least = keyword.Count();
        return (value, checking) => value.ValueKind != kind || sizeOf(value) >= least
            || checking.Fails($"must have at least {least} {parts}, has {sizeOf(value)}");
    }

    private static SchemaCheck AtMost(Keyword keyword, JsonValueKind kind, string parts, Func<JsonElement, int> sizeOf)
    {
        var most = keyword.Count();
        return (value, checking) => value.ValueKind != kind || sizeOf(value) <= most
            || checking.Fails($"must have at most {most} {parts}, has {sizeOf(value)}");
    }
}
