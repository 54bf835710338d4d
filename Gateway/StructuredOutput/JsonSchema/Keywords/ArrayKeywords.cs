using System.Text.Json;

namespace AiPlatform.Gateway.StructuredOutput.JsonSchema.Keywords;

/// <summary>Keywords about arrays and their items.</summary>
internal static class ArrayKeywords
{
    private const int StepsOfKeyword = 100;

    public static SchemaCheck? UniqueItems(Keyword keyword)
    {
        if (!keyword.Flag()) return null;
        return (value, checking) =>
        {
            if (value.ValueKind != JsonValueKind.Array) return true;
            checking.Spend(StepsOfKeyword);
            var seen = new HashSet<string>(StringComparer.Ordinal);
            foreach (var item in value.EnumerateArray())
            {
                if (!seen.Add(checking.CanonicalOf(item)))
                    return checking.Fails($"must have no item twice, has {Checking.Quoted(item)} twice");
            }
            return true;
        };
    }

    /// <summary><c>prefixItems</c>, and <c>items</c>, which applies to the items after those.</summary>
    public static SchemaCheck? Items(Keyword keyword)
    {
        if (!keyword.IsFirstOf("prefixItems", "items")) return null;
        var first = keyword.Beside("prefixItems")?.Schemas() ?? [];
        var others = keyword.Beside("items")?.Schema();
        return (value, checking) => value.ValueKind != JsonValueKind.Array || CheckItems(value, first, others, checking);
    }

    /// <summary><c>contains</c> with <c>minContains</c> and <c>maxContains</c>.</summary>
    public static SchemaCheck Contains(Keyword keyword)
    {
        var schema = keyword.Schema();
        var least = keyword.Beside("minContains")?.Count() ?? 1;
        var most = keyword.Beside("maxContains")?.Count() ?? int.MaxValue;
        return (value, checking) =>
        {
            if (value.ValueKind != JsonValueKind.Array) return true;
            checking.Spend(StepsOfKeyword);
            var count = value.EnumerateArray().Count(item => checking.WouldFit(schema, item));
            if (count < least) return checking.Fails($"must have at least {least} items of the kind that 'contains' names, has {count}");
            return count <= most || checking.Fails($"must have at most {most} items of the kind that 'contains' names, has {count}");
        };
    }

    private static bool CheckItems(JsonElement value, IReadOnlyList<SchemaNode> first, SchemaNode? others, Checking checking)
    {
        if (others is { FitsNothing: true } && value.GetArrayLength() > first.Count)
            return checking.Fails($"must have at most {first.Count} items, has {value.GetArrayLength()}");

        var (fits, index) = (true, 0);
        foreach (var item in value.EnumerateArray())
        {
            var schema = index < first.Count ? first[index] : others;
            if (schema is null) break;
            fits &= checking.Inside(index++, schema, item);
            if (!fits && !checking.Explains) return false;
        }

        return fits;
    }
}
