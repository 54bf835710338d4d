using System.Text.Json;

namespace AiPlatform.Gateway.StructuredOutput.JsonSchema;

/// <summary>Keywords that put schemas together, all of them about the same value.</summary>
internal static class LogicKeywords
{
    public static SchemaCheck Ref(Keyword keyword)
    {
        var schema = keyword.Node.InPlaceOf(keyword.Compiler.NodeReferredTo(keyword.Text(), keyword));
        return schema.Check;
    }

    /// <summary>No check of its own: each part is one of the schema that it stands in.</summary>
    public static SchemaCheck? AllOf(Keyword keyword)
    {
        foreach (var schema in InPlace(keyword)) keyword.Node.Add(schema.Check);
        return null;
    }

    public static SchemaCheck AnyOf(Keyword keyword)
    {
        var schemas = InPlace(keyword);
        return (value, checking) => schemas.Any(schema => checking.WouldFit(schema, value)) || FitsNone(schemas, value, checking);
    }

    public static SchemaCheck OneOf(Keyword keyword)
    {
        var schemas = InPlace(keyword);
        return (value, checking) => schemas.Where(schema => checking.WouldFit(schema, value)).Take(2).Count() switch
        {
            0 => FitsNone(schemas, value, checking),
            1 => true,
            _ => checking.Fails($"must fit exactly one of {schemas.Count} forms, fits several"),
        };
    }

    public static SchemaCheck Not(Keyword keyword)
    {
        var schema = keyword.Node.InPlaceOf(keyword.Schema());
        return (value, checking) => !checking.WouldFit(schema, value) || checking.Fails("must not be of the kind that 'not' names", value);
    }

    /// <summary><c>if</c> with <c>then</c> and <c>else</c>.</summary>
    public static SchemaCheck If(Keyword keyword)
    {
        var condition = keyword.Node.InPlaceOf(keyword.Schema());
        var then = keyword.Beside("then")?.Schema();
        var otherwise = keyword.Beside("else")?.Schema();
        if (then is not null) keyword.Node.InPlaceOf(then);
        if (otherwise is not null) keyword.Node.InPlaceOf(otherwise);
        return (value, checking) => (checking.WouldFit(condition, value) ? then : otherwise)?.Check(value, checking) ?? true;
    }

    /// <summary>Says what keeps the value from the form that was probably meant: the one in which only something inside is wrong.</summary>
    private static bool FitsNone(IReadOnlyList<SchemaNode> schemas, JsonElement value, Checking checking)
    {
        if (!checking.Explains) return false;

        var reasons = schemas.Select(schema => checking.Explain(schema, value)).Where(found => found.Count > 0).ToList();
        var inside = reasons.Where(found => found.All(one => one.Pointer.Count(c => c == '/') > checking.Depth)).MinBy(found => found.Count);
        if (inside is not null || reasons.Count == 1) return checking.Fails(inside ?? reasons[0]);
        return checking.Fails($"must fit one of {schemas.Count} forms: it {string.Join(", or ", reasons.Select(found => found[0].Message).Distinct())}");
    }

    private static IReadOnlyList<SchemaNode> InPlace(Keyword keyword) => [.. keyword.Schemas().Select(keyword.Node.InPlaceOf)];
}
