using System.Text.Json;
using AiPlatform.Gateway.StructuredOutput.Patterns;

namespace AiPlatform.Gateway.StructuredOutput.JsonSchema.Keywords;

/// <summary>Keywords about objects and their fields.</summary>
internal static class ObjectKeywords
{
    private const int MaxNameShown = 200;
    private const int StepsOfKeyword = 100;
    private const int StepsOfNameValue = 300;

    /// <summary><c>properties</c>, <c>patternProperties</c>, and <c>additionalProperties</c>, which applies to all other fields.</summary>
    public static SchemaCheck? Members(Keyword keyword)
    {
        if (!keyword.IsFirstOf("properties", "patternProperties", "additionalProperties")) return null;
        var members = new MemberSchemas(
            keyword.Beside("properties")?.NamedSchemas() ?? new Dictionary<string, SchemaNode>(),
            keyword.Beside("patternProperties") is { } patterns
                ? [.. patterns.NamedSchemas().Select(one => (keyword.Compiler.PatternOf(one.Key, patterns), one.Value))] : [],
            keyword.Beside("additionalProperties")?.Schema());
        return (value, checking) => value.ValueKind != JsonValueKind.Object || members.Check(value, checking);
    }

    public static SchemaCheck Required(Keyword keyword)
    {
        var names = keyword.Texts();
        return (value, checking) => value.ValueKind != JsonValueKind.Object
            || HasAll(new MemberNames(value, checking), names, "must have the property", checking);
    }

    public static SchemaCheck DependentRequired(Keyword keyword)
    {
        var names = keyword.Named().ToDictionary(one => one.Key, one => (keyword with { Value = one.Value }).Texts());
        return (value, checking) =>
        {
            if (value.ValueKind != JsonValueKind.Object) return true;
            var members = new MemberNames(value, checking);
            return All(names, one => !members.Has(one.Key) || HasAll(members, one.Value, WordsOf(one.Key), checking), checking);
        };
    }

    public static SchemaCheck DependentSchemas(Keyword keyword)
    {
        var schemas = keyword.NamedSchemas();
        foreach (var schema in schemas.Values) keyword.Node.InPlaceOf(schema);
        return (value, checking) =>
        {
            if (value.ValueKind != JsonValueKind.Object) return true;
            var members = new MemberNames(value, checking);
            return All(schemas, one => !members.Has(one.Key) || one.Value.Check(value, checking), checking);
        };
    }

    public static SchemaCheck PropertyNames(Keyword keyword)
    {
        var schema = keyword.Schema();
        return (value, checking) => value.ValueKind != JsonValueKind.Object || All(
            value.EnumerateObject(), one => CheckName(checking.NameOf(one), schema, checking), checking);
    }

    private static string WordsOf(string name) => $"has '{Checking.Shortened(name)}' and so must have";

    private static bool CheckName(string name, SchemaNode schema, Checking checking)
    {
        // The name becomes a JSON value, which is written and parsed again.
        checking.Spend(StepsOfNameValue + (6L * name.Length));
        return checking.Inside(name, schema, JsonSerializer.SerializeToElement(name));
    }

    private static bool HasAll(MemberNames members, IEnumerable<string> names, string words, Checking checking) =>
        All(names, name => members.Has(name) || checking.Fails($"{words} '{Checking.Shortened(name, MaxNameShown)}'"), checking);

    private static bool All<T>(IEnumerable<T> parts, Func<T, bool> fits, Checking checking)
    {
        checking.Spend(StepsOfKeyword);
        var all = true;
        foreach (var part in parts)
        {
            all &= fits(part);
            if (!all && !checking.Explains) return false;
        }

        return all;
    }

    /// <summary>
    /// Looks fields of an object up many times. A short object is searched each time. The names of a long object are read once; otherwise
    /// the time would grow with the product of fields and lookups.
    /// </summary>
    private sealed class MemberNames(JsonElement value, Checking checking)
    {
        private const int MaxSearchedBytes = 4 * 1024;
        private const int StepsOfName = 50;

        private readonly int _length = Checking.LengthOf(value);
        private HashSet<string>? _names;

        public bool Has(string name)
        {
            checking.Spend(1 + (Math.Min(_length, MaxSearchedBytes) / 8));
            return _length <= MaxSearchedBytes ? value.TryGetProperty(name, out _) : (_names ??= Read()).Contains(name);
        }

        private HashSet<string> Read()
        {
            checking.Spend((long)StepsOfName * value.GetPropertyCount());
            return value.EnumerateObject().Select(checking.NameOf).ToHashSet(StringComparer.Ordinal);
        }
    }

    private sealed record MemberSchemas(
        IReadOnlyDictionary<string, SchemaNode> Named, IReadOnlyList<(EcmaPattern Pattern, SchemaNode Schema)> Patterns, SchemaNode? Others)
    {
        public bool Check(JsonElement value, Checking checking) =>
            All(value.EnumerateObject(), member => Check(checking.NameOf(member), member.Value, checking), checking);

        private bool Check(string name, JsonElement value, Checking checking)
        {
            var isKnown = Named.TryGetValue(name, out var schema);
            var fits = !isKnown || checking.Inside(name, schema!, value);
            foreach (var (pattern, one) in Patterns)
            {
                if (!checking.Matches(pattern, name)) continue;
                isKnown = true;
                fits &= checking.Inside(name, one, value);
            }

            if (isKnown || Others is null) return fits;
            return Others.FitsNothing
                ? checking.Fails($"must not have the property '{Checking.Shortened(name, MaxNameShown)}'")
                : checking.Inside(name, Others, value);
        }
    }
}
