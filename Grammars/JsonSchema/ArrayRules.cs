using AiPlatform.Grammars.Rules;

namespace AiPlatform.Grammars.JsonSchema;

/// <summary>Writes the rules of arrays: each item by its place as far as places matter, then a loop.</summary>
internal sealed class ArrayRules(SchemaCompiler compiler)
{
    private const int MaxPlaces = 10_000;

    /// <summary>The first nodes of the arrays that fit; none if there are none.</summary>
    public IEnumerable<int> Write(Alternative alternative)
    {
        var rules = compiler.Rules;
        var schemas = alternative.Schemas;
        var least = schemas.Max(schema => schema.Count("minItems")) ?? 0;
        var most = schemas.Min(schema => schema.Count("maxItems"));
        var places = schemas.Max(schema => (int?)schema.Children("prefixItems").Count) ?? 0;
        if (least > most) return [];
        foreach (var schema in schemas)
        {
            if (schema.Get("uniqueItems") is { ValueKind: System.Text.Json.JsonValueKind.True } && most is null or > 1)
                throw schema.Invalid("uniqueItems", "cannot be guaranteed");
        }

        // Beyond the places, all items are alike.
        if (most is { } limit && limit > places && compiler.IsImpossible(ItemAt(schemas, places))) most = places;
        if (least > most) return [];
        var last = most ?? Math.Max(1, Math.Max(least, places));
        if (last > MaxPlaces)
        {
            var keyword = most is null ? "minItems" : "maxItems";
            throw schemas.First(schema => schema.Has(keyword)).Invalid(keyword, $"must be at most {MaxPlaces}");
        }

        var close = rules.Literal("]", GrammarRules.Return);
        var closeAfterSome = compiler.Spaced(close);
        var next = most is null ? Loop(schemas, places, closeAfterSome) : last > 0 ? closeAfterSome : close;
        for (var place = last - 1; place >= 0; place--)
        {
            var item = compiler.Value(ItemAt(schemas, place), next);
            if (place > 0) item = rules.Literal(",", compiler.Spaced(item));
            next = place >= least ? rules.Split(place > 0 ? closeAfterSome : close, item) : item;
        }

        return [rules.Literal("[", compiler.Spaced(next))];
    }

    /// <summary>The schemas of the item at a place.</summary>
    public static IEnumerable<SchemaNode> ItemAt(IReadOnlyList<SchemaNode> schemas, int place)
    {
        foreach (var schema in schemas)
        {
            var first = schema.Children("prefixItems");
            if (place < first.Count) yield return first[place];
            else if (schema.Child("items") is { } items) yield return items;
        }
    }

    /// <summary>Any number of items after the first one.</summary>
    private int Loop(IReadOnlyList<SchemaNode> schemas, int places, int close)
    {
        var rules = compiler.Rules;
        var again = rules.Placeholder();
        var item = rules.Literal(",", compiler.Spaced(compiler.Value(ItemAt(schemas, places), again)));
        rules.Fill(again, close, item);
        return again;
    }
}
