using System.Text.Json;
using System.Text.RegularExpressions;

namespace AiPlatform.Gateway.StructuredOutput.JsonSchema;

/// <summary>Keywords that speak of objects and their fields.</summary>
internal static class ObjectKeywords
{
    /// <summary><c>properties</c>, <c>patternProperties</c> and <c>additionalProperties</c>, which is for what the others leave.</summary>
    public static SchemaCheck? Members(Keyword keyword)
    {
        if (!keyword.IsFirstOf("properties", "patternProperties", "additionalProperties")) return null;
        var members = new MemberSchemas(
            keyword.Beside("properties")?.NamedSchemas() ?? new Dictionary<string, SchemaNode>(),
            keyword.Beside("patternProperties") is { } patterns
                ? [.. patterns.NamedSchemas().Select(one => (EcmaPattern.Compile(one.Key, patterns), one.Value))] : [],
            keyword.Beside("additionalProperties")?.Schema());
        return (value, checking) => value.ValueKind != JsonValueKind.Object || members.Check(value, checking);
    }

    public static SchemaCheck Required(Keyword keyword)
    {
        var names = keyword.Texts();
        return (value, checking) => value.ValueKind != JsonValueKind.Object || Has(value, names, "must have the property", checking);
    }

    public static SchemaCheck DependentRequired(Keyword keyword)
    {
        var names = keyword.Named().ToDictionary(one => one.Key, one => (keyword with { Value = one.Value }).Texts());
        return (value, checking) => value.ValueKind != JsonValueKind.Object || All(
            names, one => !value.TryGetProperty(one.Key, out _) || Has(value, one.Value, $"has '{one.Key}' and so must have", checking), checking);
    }

    public static SchemaCheck DependentSchemas(Keyword keyword)
    {
        var schemas = keyword.NamedSchemas();
        foreach (var schema in schemas.Values) keyword.Node.InPlaceOf(schema);
        return (value, checking) => value.ValueKind != JsonValueKind.Object || All(
            schemas, one => !value.TryGetProperty(one.Key, out _) || one.Value.Check(value, checking), checking);
    }

    public static SchemaCheck PropertyNames(Keyword keyword)
    {
        var schema = keyword.Schema();
        return (value, checking) => value.ValueKind != JsonValueKind.Object || All(
            value.EnumerateObject(), one => checking.Inside(one.Name, schema, JsonSerializer.SerializeToElement(one.Name)), checking);
    }

    private static bool Has(JsonElement value, IEnumerable<string> names, string words, Checking checking) =>
        All(names, name => value.TryGetProperty(name, out _) || checking.Fails($"{words} '{name}'"), checking);

    private static bool All<T>(IEnumerable<T> parts, Func<T, bool> fits, Checking checking)
    {
        var all = true;
        foreach (var part in parts)
        {
            all &= fits(part);
            if (!all && !checking.Explains) return false;
        }

        return all;
    }

    private sealed record MemberSchemas(
        IReadOnlyDictionary<string, SchemaNode> Named, IReadOnlyList<(Regex Pattern, SchemaNode Schema)> Patterns, SchemaNode? Others)
    {
        public bool Check(JsonElement value, Checking checking) =>
            All(value.EnumerateObject(), member => Check(member.Name, member.Value, checking), checking);

        private bool Check(string name, JsonElement value, Checking checking)
        {
            var isKnown = Named.TryGetValue(name, out var schema);
            var fits = !isKnown || checking.Inside(name, schema!, value);
            foreach (var (pattern, one) in Patterns)
            {
                if (!pattern.IsMatch(name)) continue;
                isKnown = true;
                fits &= checking.Inside(name, one, value);
            }

            if (isKnown || Others is null) return fits;
            return Others.FitsNothing ? checking.Fails($"must not have the property '{name}'") : checking.Inside(name, Others, value);
        }
    }
}
