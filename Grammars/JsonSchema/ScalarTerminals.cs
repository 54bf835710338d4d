using System.Text;
using AiPlatform.Grammars.Automata;
using AiPlatform.Grammars.JsonSchema.Numbers;
using AiPlatform.Grammars.JsonSchema.Strings;
using AiPlatform.Grammars.Terminals;

namespace AiPlatform.Grammars.JsonSchema;

/// <summary>Makes the terminals of scalars. Those that say the same are the same object.</summary>
internal sealed class ScalarTerminals(StringPatterns patterns, CompileBudget budget)
{
    private readonly Dictionary<string, Terminal?> _made = new(StringComparer.Ordinal);

    public Terminal OfLiterals(IReadOnlyCollection<string> literals)
    {
        budget.Spend(20L * literals.Count);
        List<byte[]> texts = [.. literals.Select(Encoding.UTF8.GetBytes)];
        budget.Allocate(texts.Sum(text => 40L + text.Length));
        return texts.Count == 1 ? new LiteralTerminal(texts[0]) : new LiteralsTerminal(texts);
    }

    /// <summary>The numbers that fit; null if there are none.</summary>
    public Terminal? OfNumber(Alternative alternative)
    {
        var range = NumberRange.Of(alternative.Schemas, !alternative.Types.HasFlag(JsonTypes.Fraction));
        return Made(range.ToString(), () => NumberTerminal.Of(range, budget));
    }

    /// <summary>The strings that fit; null if there are none.</summary>
    public Terminal? OfString(Alternative alternative)
    {
        var (least, most) = LengthOf(alternative.Schemas);
        if (least > most) return null;
        List<(string Name, Func<CharAutomaton> Automaton)> parts = [];
        foreach (var schema in alternative.Schemas)
        {
            if (schema.Text("pattern") is { } pattern) parts.Add(($"p{pattern}", () => patterns.OfPattern(schema, "pattern", pattern)));
            if (patterns.OfFormat(schema) is { } format) parts.Add(($"f{schema.Text("format")}", () => format));
        }

        parts = [.. parts.DistinctBy(part => part.Name).OrderBy(part => part.Name, StringComparer.Ordinal)];
        var key = $"{least}:{most}:{string.Join('\0', parts.Select(part => part.Name))}";
        return Made(key, () => parts.Count == 0
            ? new StringTerminal(least, most)
            : Combined(alternative, parts.Select(part => part.Automaton()), least, most));
    }

    /// <summary>The names that schemas of <c>propertyNames</c> allow, as far as one alternative can say it; null if it cannot.</summary>
    public CharAutomaton? NamesOf(IReadOnlyList<Alternative> alternatives, Func<Alternative, IReadOnlyList<string>?> named)
    {
        if (alternatives.Count == 0) return CharAutomata.OfTexts([], budget);
        if (alternatives.Count > 1) return null;
        var only = alternatives[0];
        if (!only.Types.HasFlag(JsonTypes.String)) return CharAutomata.OfTexts([], budget);
        if (named(only) is { } texts) return CharAutomata.OfTexts(texts, budget);
        var (least, most) = LengthOf(only.Schemas);
        if (least > most) return CharAutomata.OfTexts([], budget);
        var names = CharAutomaton.Any;
        foreach (var schema in only.Schemas)
        {
            if (schema.Text("pattern") is { } pattern)
                names = CharAutomata.Both(names, patterns.OfPattern(schema, "pattern", pattern), budget);
            if (patterns.OfFormat(schema) is { } format) names = CharAutomata.Both(names, format, budget);
        }

        return least > 0 || most is not null ? CharAutomata.Both(names, CharAutomata.OfLength(least, most, budget), budget) : names;
    }

    private static (int Least, int? Most) LengthOf(IReadOnlyList<SchemaNode> schemas)
    {
        var least = 0;
        int? most = null;
        foreach (var schema in schemas)
        {
            least = Math.Max(least, schema.Count("minLength") ?? 0);
            if (schema.Count("maxLength") is { } limit) most = Math.Min(most ?? limit, limit);
        }

        return (least, most);
    }

    private CharTerminal? Combined(Alternative alternative, IEnumerable<CharAutomaton> automata, int least, int? most)
    {
        try
        {
            var all = automata.Aggregate((first, second) => CharAutomata.Both(first, second, budget));
            if (least > 0 || most is not null) all = CharAutomata.Both(all, CharAutomata.OfLength(least, most, budget), budget);
            return all.IsEmpty ? null : new CharTerminal(all, isJson: true);
        }
        catch (GrammarException refused) when (refused.Pointer is null && !refused.IsOverBudget)
        {
            var owner = alternative.Schemas.First(schema => schema.Has("pattern") || schema.Has("format"));
            var keyword = owner.Has("pattern") ? "pattern" : "format";
            throw new GrammarException($"'{keyword}' of {owner.Pointer}: {refused.Message}", keyword, owner.Pointer);
        }
    }

    private Terminal? Made(string key, Func<Terminal?> make)
    {
        if (!_made.TryGetValue(key, out var made)) _made[key] = made = make();
        return made;
    }
}
