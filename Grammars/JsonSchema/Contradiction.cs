using AiPlatform.Grammars.Rules;

namespace AiPlatform.Grammars.JsonSchema;

/// <summary>
/// Finds the keyword and the place because of which no value fits a schema. Of several alternatives it looks at the first one.
/// </summary>
/// <param name="expand">The ways in which a value can fit some schemas.</param>
/// <param name="hasText">Whether a value fits some schemas.</param>
/// <param name="isAllowed">Whether a name may occur in an object.</param>
/// <param name="valuesOf">The schemas that the value of a property must fit.</param>
internal sealed class Contradiction(
    Func<Conjunction, List<Alternative>> expand, Func<Conjunction, bool> hasText,
    Func<IReadOnlyList<SchemaNode>, string, bool> isAllowed, Func<IReadOnlyList<SchemaNode>, string, Conjunction> valuesOf)
{
    private static readonly string[] OfStrings = ["minLength", "maxLength", "pattern", "format"];

    private static readonly string[] OfNumbers =
        ["minimum", "exclusiveMinimum", "maximum", "exclusiveMaximum", "multipleOf"];

    private readonly HashSet<string> _path = new(StringComparer.Ordinal);

    /// <summary>The refusal of schemas that no value fits.</summary>
    public GrammarException Find(Conjunction all)
    {
        var place = all.Schemas.Count > 0 ? all.Schemas[0] : null;
        if (place is null) return CompiledRules.NoText();
        if (!_path.Add(all.Key)) return Say(place, place.Has("$ref") ? "$ref" : null, "leads back to itself without an end");
        if (all.Schemas.FirstOrDefault(one => one.IsFalse) is { } no) return Say(no, null, "is false");
        var alternatives = expand(all);
        if (alternatives.Count == 0) return Refused(all.Schemas, ["type", "allOf", "anyOf", "oneOf", "not", "$ref"]);

        var (schemas, types) = alternatives[0];
        foreach (var keyword in (string[])["const", "enum"])
            if (schemas.FirstOrDefault(one => one.Has(keyword)) is { } named) return Say(named, keyword, "has no value that fits the rest");
        if (types.HasFlag(JsonTypes.Object)) return OfObject(schemas);
        if (types.HasFlag(JsonTypes.Array)) return OfArray(schemas);
        return Refused(schemas, types.HasFlag(JsonTypes.String) ? OfStrings : OfNumbers);
    }

    private GrammarException OfObject(IReadOnlyList<SchemaNode> schemas)
    {
        foreach (var schema in schemas)
        {
            foreach (var name in schema.ObjectParts.Required)
            {
                if (!isAllowed(schemas, name)) return Refused(schemas, ["propertyNames"]);
                if (valuesOf(schemas, name) is var value && !hasText(value)) return Find(value);
            }
        }

        return Refused(schemas, ["minProperties", "maxProperties", "required"]);
    }

    private GrammarException OfArray(IReadOnlyList<SchemaNode> schemas)
    {
        var most = schemas.Min(schema => schema.Count("maxItems"));
        var least = schemas.Max(schema => schema.Count("minItems")) ?? 0;
        if (least > most) return Refused(schemas, ["minItems"]);
        for (var place = 0; place < least; place++)
        {
            var item = Conjunction.Of(ArrayRules.ItemAt(schemas, place));
            if (!hasText(item)) return Find(item);
            if (place >= schemas.Max(schema => schema.Children("prefixItems").Count)) break;
        }

        return Refused(schemas, ["minItems", "maxItems"]);
    }

    /// <summary>Names the first of some keywords that a schema has.</summary>
    private static GrammarException Refused(IReadOnlyList<SchemaNode> schemas, string[] keywords)
    {
        foreach (var keyword in keywords)
            if (schemas.FirstOrDefault(one => one.Has(keyword)) is { } owner) return Say(owner, keyword, "contradicts the rest");
        return Say(schemas[0], null, "contradicts itself");
    }

    private static GrammarException Say(SchemaNode schema, string? keyword, string what) =>
        new($"No text fits: {(keyword is null ? "" : $"'{keyword}' of ")}{schema.Pointer} {what}.", keyword, schema.Pointer);
}
