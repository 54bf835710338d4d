using System.Text;
using AiPlatform.Grammars.Automata;
using AiPlatform.Grammars.JsonSchema;
using AiPlatform.Grammars.Rules;
using AiPlatform.Grammars.Terminals;

namespace AiPlatform.Grammars.Text;

/// <summary>Compiles regular expressions and grammars of rules.</summary>
internal sealed class GrammarTextCompiler
{
    private const string Root = "start";

    private readonly CompileBudget _budget;
    private readonly GrammarRules _rules;
    private readonly Dictionary<string, int> _numbers = new(StringComparer.Ordinal);
    private readonly Dictionary<string, Terminal> _patterns = new(StringComparer.Ordinal);
    private readonly Dictionary<ChoicePart, Terminal> _choices = new(ReferenceEqualityComparer.Instance);
    private readonly Dictionary<JsonPart, int> _schemas = new(ReferenceEqualityComparer.Instance);
    private OpenNameKind _openNames;

    private readonly bool _flexibleWhitespace;

    private GrammarTextCompiler(CompileBudget budget, bool flexibleWhitespace = false) =>
        (_budget, _rules, _flexibleWhitespace) = (budget, new GrammarRules(budget), flexibleWhitespace);

    public static Grammar OfRegex(string pattern, GrammarLimits limits, CancellationToken cancellationToken)
    {
        var compiler = new GrammarTextCompiler(new CompileBudget(limits, cancellationToken));
        var root = compiler._rules.AddRule();
        compiler._rules.Begin(root, compiler.Pattern(pattern, GrammarRules.Return));
        return compiler.Finish(root);
    }

    public static Grammar OfRules(string text, bool flexibleWhitespace, GrammarLimits limits, CancellationToken cancellationToken)
    {
        if (text.Length > limits.MaxSourceBytes)
            throw new GrammarException($"The grammar has {text.Length} characters; the most are {limits.MaxSourceBytes}.");
        var budget = new CompileBudget(limits, cancellationToken);
        budget.Spend(20L * text.Length);
        var parsed = new RuleParser(text).Parse();
        var compiler = new GrammarTextCompiler(budget, flexibleWhitespace);
        foreach (var (name, line, _) in parsed)
        {
            if (!compiler._numbers.TryAdd(name, compiler._rules.AddRule()))
                throw new GrammarException($"Line {line}: the rule '{name}' is there twice.");
        }

        if (!compiler._numbers.TryGetValue(Root, out var root)) throw new GrammarException($"There is no rule '{Root}'.");
        foreach (var (name, _, part) in parsed)
            compiler._rules.Begin(compiler._numbers[name], compiler.Write(part, GrammarRules.Return));
        LeftRecursion.Refuse(compiler._rules, compiler._numbers, budget);
        return compiler.Finish(root);
    }

    private Grammar Finish(int root) =>
        new(CompiledRules.Of(_rules, root, CompiledRules.NeedsOf(_rules, _budget), _budget.Limits.MaxDepth), _budget, _openNames);

    private int Write(RulePart part, int next)
    {
        switch (part)
        {
            case LiteralPart literal:
                return _rules.Literal(literal.Text, next);
            case PatternPart pattern:
                return Pattern(pattern.Pattern, next, pattern.Line);
            case JsonPart json:
                return _rules.Call(Json(json), next);
            case NamePart name:
                return _numbers.TryGetValue(name.Name, out var rule)
                    ? _rules.Call(rule, next)
                    : throw new GrammarException($"Line {name.Line}: there is no rule '{name.Name}'.");
            case SequencePart sequence:
                for (var i = sequence.Parts.Count - 1; i >= 0; i--) next = Write(sequence.Parts[i], next);
                return next;
            case ChoicePart choice:
                return _rules.Split(Branches(choice, next));
            case RepeatPart repeat:
                return Repeat(repeat, next);
            default:
                throw new System.Diagnostics.UnreachableException("The grammar has a node of an unknown kind. This is a bug.");
        }
    }

    /// <summary>The branches of a choice. All texts are one branch, so that thousands of them are no more work than one.</summary>
    private List<int> Branches(ChoicePart choice, int next)
    {
        List<int> branches = [.. choice.Parts.Where(one => TextOf(one) is null).Select(one => Write(one, next))];
        if (branches.Count == choice.Parts.Count) return branches;
        if (!_choices.TryGetValue(choice, out var terminal))
        {
            List<byte[]> texts = [.. choice.Parts.Select(TextOf).OfType<string>().Select(Encoding.UTF8.GetBytes)];
            _budget.Spend(20L * texts.Count);
            _budget.Allocate(texts.Sum(text => 40L + text.Length));
            _choices[choice] = terminal = new LiteralsTerminal(texts);
        }

        branches.Add(_rules.Terminal(terminal, next));
        return branches;
    }

    /// <summary>The text of a part that is a text and nothing else; null for other parts, and for the empty text.</summary>
    private static string? TextOf(RulePart part) =>
        part is SequencePart { Parts: [LiteralPart { Text.Length: > 0 } only] } ? only.Text : null;

    private int Repeat(RepeatPart repeat, int next)
    {
        var at = next;
        if (repeat.Most is { } most)
        {
            for (var i = repeat.Least; i < most; i++) at = _rules.Split(next, Write(repeat.Body, at));
        }
        else
        {
            at = _rules.Placeholder();
            _rules.Fill(at, next, Write(repeat.Body, at));
        }

        for (var i = 0; i < repeat.Least; i++) at = Write(repeat.Body, at);
        return at;
    }

    /// <summary>The rule of a schema, which is written once however often it is repeated.</summary>
    private int Json(JsonPart part)
    {
        if (_schemas.TryGetValue(part, out var rule)) return rule;
        try
        {
            (rule, var openNames) = SchemaCompiler.Write(
                Encoding.UTF8.GetBytes(part.Schema), _flexibleWhitespace, _rules, _budget);
            if (openNames > _openNames) _openNames = openNames;
            return _schemas[part] = rule;
        }
        catch (GrammarException refused) when (!refused.IsOverBudget)
        {
            throw new GrammarException($"Line {part.Line}: {refused.Message}", refused.Keyword, refused.Pointer);
        }
    }

    private int Pattern(string pattern, int next, int? line = null)
    {
        if (!_patterns.TryGetValue(pattern, out var terminal))
        {
            CharAutomaton automaton;
            try
            {
                automaton = PatternAutomaton.Of(pattern, isSearch: false, _budget);
            }
            catch (GrammarException refused) when (line is not null && !refused.IsOverBudget)
            {
                throw new GrammarException($"Line {line}: {refused.Message}");
            }

            if (automaton.IsEmpty) throw new GrammarException($"{(line is null ? "" : $"Line {line}: ")}The pattern matches no text.");
            _patterns[pattern] = terminal = new CharTerminal(automaton, isJson: false);
        }

        return _rules.Terminal(terminal, next);
    }
}
