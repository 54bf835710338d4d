using System.Text.Json;

namespace AiPlatform.Gateway.StructuredOutput.JsonSchema.Keywords;

/// <summary>Keywords that combine schemas of the same value.</summary>
internal static class LogicKeywords
{
    private const int MaxReasons = 20;

    public static SchemaCheck Ref(Keyword keyword)
    {
        var schema = keyword.Node.InPlaceOf(keyword.Compiler.NodeReferredTo(keyword.Text(), keyword));
        return schema.Check;
    }

    /// <summary><c>allOf</c> has no check of its own: its parts become parts of the schema that has it.</summary>
    public static SchemaCheck? AllOf(Keyword keyword)
    {
        foreach (var schema in InPlace(keyword)) keyword.Node.Add(schema.Check);
        return null;
    }

    public static SchemaCheck AnyOf(Keyword keyword)
    {
        var schemas = InPlace(keyword);
        return (value, checking) => CountFitting(schemas, value, checking, most: 1) > 0 || FitsNone(schemas, value, checking);
    }

    public static SchemaCheck OneOf(Keyword keyword)
    {
        var schemas = InPlace(keyword);
        return (value, checking) => CountFitting(schemas, value, checking, most: 2) switch
        {
            0 => FitsNone(schemas, value, checking),
            1 => true,
            _ => checking.Fails($"must fit exactly one of {schemas.Length} forms, fits several"),
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

    /// <summary>How many of the schemas the value fits; counting stops at a limit.</summary>
    private static int CountFitting(SchemaNode[] schemas, JsonElement value, Checking checking, int most)
    {
        var count = 0;
        foreach (var schema in schemas)
            if (checking.WouldFit(schema, value) && ++count == most) break;
        return count;
    }

    /// <summary>Reports the violations of the alternative that was probably meant: the one in which only nested values are wrong.</summary>
    private static bool FitsNone(SchemaNode[] schemas, JsonElement value, Checking checking)
    {
        if (!checking.Explains) return false;

        var reasons = schemas.Select(schema => checking.Explain(schema, value)).Where(found => found.Count > 0).ToList();
        var inside = reasons.Where(found => found.All(one => one.Pointer.Count(c => c == '/') > checking.Depth))
            .MinBy(found => found.Count);
        if (inside is not null || reasons.Count == 1) return checking.Fails(inside ?? reasons[0]);
        var messages = reasons.Select(found => found[0].Message).Distinct().Take(MaxReasons);
        return checking.Fails($"must fit one of {schemas.Length} forms: it {string.Join(", or ", messages)}");
    }

    private static SchemaNode[] InPlace(Keyword keyword) => [.. keyword.Schemas().Select(keyword.Node.InPlaceOf)];
}
