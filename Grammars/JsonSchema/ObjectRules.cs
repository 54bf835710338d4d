using AiPlatform.Grammars.JsonSchema.Strings;
using AiPlatform.Grammars.Rules;

namespace AiPlatform.Grammars.JsonSchema;

/// <summary>
/// Writes the rules of objects: the declared properties in the schema's order, then any number of others. Where the number of properties
/// matters, there is a node for each number.
/// </summary>
internal sealed class ObjectRules(SchemaCompiler compiler, StringPatterns patterns, CompileBudget budget)
{
    private const int MaxOptional = 2_000;
    private const int MaxCount = 10_000;
    private const int MaxPlaces = 50_000;

    private readonly OpenNames _openNames = new(compiler, patterns, budget);

    /// <summary>Which names some object may have that are not declared.</summary>
    public OpenNameKind Kind { get; private set; }

    /// <summary>The first nodes of the objects that fit; none if there are none.</summary>
    public IEnumerable<int> Write(Alternative alternative)
    {
        var schemas = alternative.Schemas;
        if (Declared(schemas) is not { } declared) return [];
        var open = _openNames.Of(schemas, declared.Names, declared.Properties);
        var properties = declared.Properties;
        if (open.Count > 0) Kind = Later(Kind, open.Any(one => one.HasFiniteEnds) ? OpenNameKind.Limited : OpenNameKind.Endless);
        if (Counts(schemas, properties, open) is not { } limits) return [];
        if (properties.Count(property => !property.IsRequired) > MaxOptional)
            throw schemas[0].Invalid("properties", $"has more than {MaxOptional} optional properties");
        return [compiler.Rules.Literal("{", compiler.Spaced(Row(properties, open, limits)))];
    }

    /// <summary>Whether the schemas allow a name.</summary>
    public bool IsAllowed(IReadOnlyList<SchemaNode> schemas, string name) => _openNames.IsAllowed(schemas, name);

    /// <summary>The schemas that the value of a property must fit.</summary>
    public Conjunction ValuesOf(IReadOnlyList<SchemaNode> schemas, string name) =>
        Conjunction.Of(schemas.SelectMany(schema => schema.ObjectParts.SchemasOf(schema, name, patterns)));

    private static OpenNameKind Later(OpenNameKind first, OpenNameKind second) => first > second ? first : second;

    /// <summary>The properties that may occur, in the order of the schemas; null if one that must occur cannot.</summary>
    private (HashSet<string> Names, List<DeclaredProperty> Properties)? Declared(IReadOnlyList<SchemaNode> schemas)
    {
        var required = schemas.SelectMany(schema => schema.ObjectParts.Required).ToHashSet(StringComparer.Ordinal);
        HashSet<string> names = new(StringComparer.Ordinal);
        List<DeclaredProperty> properties = [];
        foreach (var name in schemas.SelectMany(schema => schema.ObjectParts.Names)
            .Concat(schemas.SelectMany(schema => schema.ObjectParts.Required)))
        {
            budget.Spend(20);
            if (!names.Add(name)) continue;
            var value = ValuesOf(schemas, name);
            var isPossible = _openNames.IsAllowed(schemas, name) && !compiler.IsImpossible(value.Schemas);
            if (isPossible) properties.Add(new DeclaredProperty(name, value.Schemas, required.Contains(name)));
            else if (required.Contains(name)) return null;
        }

        return (names, properties);
    }

    /// <summary>The least and most properties, as far as they matter; null if they contradict the properties.</summary>
    private static (int Least, int? Most)? Counts(
        IReadOnlyList<SchemaNode> schemas, List<DeclaredProperty> properties, IReadOnlyList<OpenProperty> open)
    {
        var least = schemas.Max(schema => schema.Count("minProperties")) ?? 0;
        var most = schemas.Min(schema => schema.Count("maxProperties"));
        var required = properties.Count(property => property.IsRequired);
        var isOpen = open.Count > 0;
        // No name comes twice. As long as there are more names than properties, there is one for each.
        if (open.Any(property => property.IsFinite)) most = Math.Min(most ?? int.MaxValue, required + OpenNames.FewNames);
        if (least > most || required > most) return null;
        if (!isOpen && most >= properties.Count) most = null;
        if (least <= required) least = 0;
        if (!isOpen && least > properties.Count) return null;
        if (least > MaxCount || most > MaxCount)
        {
            var keyword = most > MaxCount ? "maxProperties" : "minProperties";
            throw schemas.First(schema => schema.Has(keyword)).Invalid(keyword, $"is above {MaxCount}, the most that are counted");
        }

        return (least, most);
    }

    /// <summary>Writes all properties. A row has the nodes before a property, one for each number of properties so far.</summary>
    private int Row(List<DeclaredProperty> properties, IReadOnlyList<OpenProperty> open, (int Least, int? Most) limits)
    {
        var last = limits.Most ?? Math.Max(1, limits.Least);
        if ((long)(properties.Count + 1) * (last + 1) > MaxPlaces)
            throw new GrammarException("An object has too many properties for the limits of their number.");

        var rules = compiler.Rules;
        var row = AfterDeclared(open, limits, last);
        for (var at = properties.Count - 1; at >= 0; at--)
        {
            var property = properties[at];
            var behind = row;
            row = new int[last + 1];
            for (var count = Math.Min(at, last); count >= 0; count--)
            {
                List<int> branches = property.IsRequired ? [] : [behind[count]];
                if (limits.Most is null || count < limits.Most)
                {
                    var value = compiler.Value(property.Schemas, behind[Math.Min(count + 1, last)]);
                    branches.Add(Named(property.Name, count, value));
                }

                row[count] = rules.Split(branches);
            }
        }

        return row[0];
    }

    /// <summary>The nodes behind the declared properties: there may be others, or the end.</summary>
    private int[] AfterDeclared(IReadOnlyList<OpenProperty> open, (int Least, int? Most) limits, int last)
    {
        var rules = compiler.Rules;
        var close = rules.Literal("}", GrammarRules.Return);
        var closeAfterSome = compiler.Spaced(close);
        var row = new int[last + 1];
        for (var count = last; count >= 0; count--)
        {
            // The last number stands for all that are not less, if there is no limit.
            var isLoop = count == last && limits.Most is null && open.Count > 0;
            var again = isLoop ? rules.Placeholder() : -1;
            List<int> branches = count >= limits.Least ? [count > 0 ? closeAfterSome : close] : [];
            if (limits.Most is null || count < limits.Most)
                branches.AddRange(open.Select(property => Entry(property, count, isLoop ? again : row[Math.Min(count + 1, last)])));
            if (isLoop) rules.Fill(again, branches);
            row[count] = isLoop ? again : rules.Split(branches);
        }

        return row;
    }

    private int Entry(OpenProperty property, int count, int next)
    {
        var rules = compiler.Rules;
        var name = rules.Terminal(property.Name, rules.Literal(":", compiler.Spaced(compiler.Value(property.Schemas, next))));
        return count > 0 ? rules.Literal(",", compiler.Spaced(name)) : name;
    }

    private int Named(string name, int count, int value)
    {
        var rules = compiler.Rules;
        var quoted = $"{Terminals.JsonText.Quoted(name)}:";
        if (count == 0) return rules.Literal(quoted, compiler.Spaced(value));
        return compiler.IsCompact
            ? rules.Literal($",{quoted}", value)
            : rules.Literal(",", compiler.Spaced(rules.Literal(quoted, compiler.Spaced(value))));
    }
}

/// <summary>A property of a known name.</summary>
internal sealed record DeclaredProperty(string Name, IReadOnlyList<SchemaNode> Schemas, bool IsRequired);
