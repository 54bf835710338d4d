using AiPlatform.Grammars.Automata;
using AiPlatform.Grammars.JsonSchema.Strings;
using AiPlatform.Grammars.Terminals;

namespace AiPlatform.Grammars.JsonSchema;

/// <summary>
/// Finds the properties that are not declared: names that match some of the patterns of <c>patternProperties</c> and not the others, and
/// names that match none.
/// </summary>
internal sealed class OpenNames(SchemaCompiler compiler, StringPatterns patterns, CompileBudget budget)
{
    private const int MaxPatterns = 8;

    /// <summary>If there are at most so many names, each becomes a property of its own.</summary>
    public const int FewNames = 32;

    private readonly Dictionary<SchemaNode, CharAutomaton> _allowed = [];

    /// <summary>Whether <c>propertyNames</c> allows a name.</summary>
    public bool IsAllowed(IReadOnlyList<SchemaNode> schemas, string name) =>
        schemas.All(schema => Allowed(schema) is not { } allowed || allowed.IsMatch(name));

    /// <summary>The properties that are not declared. Where there are few names, they are added to the declared ones.</summary>
    /// <param name="schemas">The schemas of the object.</param>
    /// <param name="names">The names that are declared.</param>
    /// <param name="declared">The declared properties.</param>
    public IReadOnlyList<OpenProperty> Of(IReadOnlyList<SchemaNode> schemas, HashSet<string> names, List<DeclaredProperty> declared)
    {
        List<string> all = [.. schemas.SelectMany(schema => schema.ObjectParts.Patterns.Select(one => one.Pattern)).Distinct()];
        if (all.Count > MaxPatterns)
        {
            throw schemas.First(schema => schema.ObjectParts.Patterns.Count > 0)
                .Invalid("patternProperties", $"has too many patterns to be guaranteed; the most are {MaxPatterns}");
        }

        List<OpenProperty> open = [];
        CharAutomaton? rest = null;
        for (var chosen = 0; chosen < 1 << all.Count; chosen++)
        {
            List<SchemaNode> value = [.. schemas.SelectMany(schema => ValueOf(schema, all, chosen))];
            if (compiler.IsImpossible(value)) continue;
            rest ??= Rest(schemas, names);
            var automaton = NamesOf(schemas, all, chosen, rest);
            if (automaton.IsEmpty) continue;
            if (CharAutomata.TextsOf(automaton, FewNames) is { } few)
            {
                declared.AddRange(few.Select(name => new DeclaredProperty(name, value, false)));
            }
            else
            {
                var (isFinite, hasFiniteEnds) = automaton.Finiteness();
                open.Add(new OpenProperty(new CharTerminal(automaton, isJson: true), value, isFinite, hasFiniteEnds));
            }
        }

        return open;
    }

    /// <summary>The names that are not declared and are allowed.</summary>
    private CharAutomaton Rest(IReadOnlyList<SchemaNode> schemas, HashSet<string> names)
    {
        var rest = CharAutomaton.Any;
        foreach (var schema in schemas)
            if (Allowed(schema) is { } allowed) rest = CharAutomata.Both(rest, allowed, budget);
        return names.Count == 0 ? rest : CharAutomata.Except(rest, CharAutomata.OfTexts(names, budget), budget);
    }

    private CharAutomaton NamesOf(IReadOnlyList<SchemaNode> schemas, List<string> all, int chosen, CharAutomaton rest)
    {
        for (var i = 0; i < all.Count && !rest.IsEmpty; i++)
        {
            var owner = schemas.First(schema => schema.ObjectParts.Patterns.Any(one => one.Pattern == all[i]));
            var pattern = patterns.OfPattern(owner, "patternProperties", all[i]);
            rest = (chosen >> i & 1) != 0 ? CharAutomata.Both(rest, pattern, budget) : CharAutomata.Except(rest, pattern, budget);
        }

        return rest;
    }

    private static List<SchemaNode> ValueOf(SchemaNode schema, List<string> all, int chosen)
    {
        var parts = schema.ObjectParts;
        List<SchemaNode> matching =
            [.. parts.Patterns.Where(one => (chosen >> all.IndexOf(one.Pattern) & 1) != 0).Select(one => one.Schema)];
        return matching.Count == 0 && parts.Additional is { } additional ? [additional] : matching;
    }

    private CharAutomaton? Allowed(SchemaNode schema)
    {
        if (schema.Child("propertyNames") is not { } names) return null;
        if (_allowed.TryGetValue(schema, out var made)) return made;
        return _allowed[schema] = compiler.NamesOf(schema, names);
    }
}

/// <summary>A property whose name is one of many.</summary>
/// <param name="Name">The names, in quotation marks.</param>
/// <param name="Schemas">The schemas that its value must fit.</param>
/// <param name="IsFinite">Whether their number is finite; then there are more than <see cref="OpenNames.FewNames"/>.</param>
/// <param name="HasFiniteEnds">Whether there is a beginning after which only a finite number of them can follow.</param>
internal sealed record OpenProperty(Terminal Name, IReadOnlyList<SchemaNode> Schemas, bool IsFinite, bool HasFiniteEnds);
