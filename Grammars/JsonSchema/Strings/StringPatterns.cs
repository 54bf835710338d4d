using AiPlatform.Grammars.Automata;

namespace AiPlatform.Grammars.JsonSchema.Strings;

/// <summary>The automata of a schema's patterns and formats, each made once.</summary>
internal sealed class StringPatterns(CompileBudget budget)
{
    private readonly Dictionary<string, CharAutomaton> _patterns = new(StringComparer.Ordinal);
    private readonly Dictionary<string, CharAutomaton> _formats = new(StringComparer.Ordinal);

    /// <summary>The texts in which a pattern of a keyword matches somewhere.</summary>
    public CharAutomaton OfPattern(SchemaNode node, string keyword, string pattern)
    {
        if (_patterns.TryGetValue(pattern, out var made)) return made;
        budget.Enter(keyword, node.Pointer);
        try
        {
            return _patterns[pattern] = PatternAutomaton.Of(pattern, isSearch: true, budget);
        }
        catch (GrammarException refused) when (!refused.IsOverBudget)
        {
            throw new GrammarException($"'{keyword}' of {node.Pointer}: {refused.Message}", keyword, node.Pointer);
        }
    }

    /// <summary>Texts of a format; null for an unknown format, which is a remark.</summary>
    public CharAutomaton? OfFormat(SchemaNode node)
    {
        if (node.Text("format") is not { } format) return null;
        if (_formats.TryGetValue(format, out var made)) return made;
        if (format == "regex") throw node.Invalid("format", "'regex' cannot be guaranteed: use pattern");
        return StringFormats.Find(format) is { } pattern
            ? _formats[format] = PatternAutomaton.Of(pattern, isSearch: false, budget)
            : null;
    }
}
