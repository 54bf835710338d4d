using System.Text.Json;
using AiPlatform.Grammars.JsonSchema.Numbers;
using AiPlatform.Grammars.JsonSchema.Strings;

namespace AiPlatform.Grammars.JsonSchema.Values;

/// <summary>Tells whether a value that a schema names (<c>enum</c>, <c>const</c>) fits other schemas. Formats are not looked at.</summary>
internal sealed class InstanceCheck(StringPatterns patterns, CompileBudget budget)
{
    private const int MaxDepth = 400;

    private readonly Dictionary<(int Schema, string Keyword), NamedValues> _named = [];
    private int _depth;

    /// <summary>Whether a value fits a schema.</summary>
    public bool Fits(JsonElement value, SchemaNode schema)
    {
        if (schema.IsFalse) return false;
        if (++_depth > MaxDepth) throw new GrammarException($"Its schemas nest deeper than {MaxDepth}.", null, schema.Pointer);
        var fits = (schema.Referred() is not { } referred || Fits(value, referred))
            && schema.Children("allOf").All(one => Fits(value, one))
            && (!schema.Has("anyOf") || schema.Children("anyOf").Any(one => Fits(value, one)))
            && (!schema.Has("oneOf") || schema.Children("oneOf").Count(one => Fits(value, one)) == 1)
            && FitsItself(value, schema);
        _depth--;
        return fits;
    }

    /// <summary>Whether a value fits what a schema itself says, without the schemas to which it refers or which it combines.</summary>
    public bool FitsItself(JsonElement value, SchemaNode schema)
    {
        budget.Spend(50);
        if (schema.IsFalse) return false;
        if (!JsonTypeNames.Of(schema).HasFlag(JsonTypeNames.Of(value))) return false;
        if (schema.Get("const") is { } constant && !NamedBy(schema, "const", () => [constant]).Contains(value)) return false;
        if (schema.Get("enum") is { } values && !NamedBy(schema, "enum", () => values.EnumerateArray()).Contains(value)) return false;
        if (schema.Child("not") is { } not && Fits(value, not)) return false;
        return value.ValueKind switch
        {
            JsonValueKind.Number => FitsNumber(value, schema),
            JsonValueKind.String => FitsString(value, schema),
            JsonValueKind.Array => FitsArray(value, schema),
            JsonValueKind.Object => FitsObject(value, schema),
            _ => true,
        };
    }

    private NamedValues NamedBy(SchemaNode schema, string keyword, Func<IEnumerable<JsonElement>> values)
    {
        if (!_named.TryGetValue((schema.Id, keyword), out var known))
            _named[(schema.Id, keyword)] = known = new NamedValues(values(), budget);
        return known;
    }

    private static bool FitsNumber(JsonElement value, SchemaNode schema)
    {
        if (!ExactNumber.TryParse(value, out var number)) return false;
        return (Of("minimum") is not { } minimum || number.CompareTo(minimum) >= 0)
            && (Of("exclusiveMinimum") is not { } above || number.CompareTo(above) > 0)
            && (Of("maximum") is not { } maximum || number.CompareTo(maximum) <= 0)
            && (Of("exclusiveMaximum") is not { } below || number.CompareTo(below) < 0)
            && (Of("multipleOf") is not { } step || (step.Sign > 0 && number.IsMultipleOf(step)));

        ExactNumber? Of(string keyword) =>
            schema.Get(keyword) is not { } limit ? null
            : limit.ValueKind == JsonValueKind.Number && ExactNumber.TryParse(limit, out var read) ? read
            : throw schema.Invalid(keyword, "is not a number");
    }

    private bool FitsString(JsonElement value, SchemaNode schema)
    {
        if (SchemaDocument.TextOf(value) is not { } text) return false;
        budget.Spend(text.Length);
        var length = text.EnumerateRunes().Count();
        return (schema.Count("minLength") is not { } least || length >= least)
            && (schema.Count("maxLength") is not { } most || length <= most)
            && (schema.Text("pattern") is not { } pattern || patterns.OfPattern(schema, "pattern", pattern).IsMatch(text));
    }

    private bool FitsArray(JsonElement value, SchemaNode schema)
    {
        var length = value.GetArrayLength();
        if (schema.Count("minItems") is { } least && length < least) return false;
        if (schema.Count("maxItems") is { } most && length > most) return false;
        var first = schema.Children("prefixItems");
        budget.Spend(20L * first.Count);
        var rest = schema.Child("items");
        return value.EnumerateArray().Index().All(item => item.Index < first.Count
            ? Fits(item.Item, first[item.Index])
            : rest is null || Fits(item.Item, rest));
    }

    private bool FitsObject(JsonElement value, SchemaNode schema)
    {
        var count = value.EnumerateObject().Count();
        if (schema.Count("minProperties") is { } least && count < least) return false;
        if (schema.Count("maxProperties") is { } most && count > most) return false;
        var parts = schema.ObjectParts;
        budget.Spend(10L * (count + parts.Required.Count));
        return parts.Required.All(name => value.TryGetProperty(name, out _))
            && value.EnumerateObject().All(field => parts.SchemasOf(schema, field.Name, patterns).All(one => Fits(field.Value, one)));
    }
}
