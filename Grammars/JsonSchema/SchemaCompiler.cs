using System.Text;
using System.Text.Json;
using AiPlatform.Grammars.Automata;
using AiPlatform.Grammars.JsonSchema.Strings;
using AiPlatform.Grammars.JsonSchema.Values;
using AiPlatform.Grammars.Rules;
using AiPlatform.Grammars.Terminals;

namespace AiPlatform.Grammars.JsonSchema;

/// <summary>
/// Compiles a JSON Schema to a grammar. Scalars become terminals, objects and arrays become rules: one for each set of schemas that some
/// value must fit.
/// </summary>
internal sealed class SchemaCompiler
{
    private const int MaxBranchesOfOneOf = 64;

    /// <summary>A model that likes blanks comes to an end of them.</summary>
    private const string Whitespace = "(?: |\\r?\\n[ \\t]{0,32})?";

    private readonly CompileBudget _budget;
    private readonly SchemaExpansion _expansion;
    private readonly InstanceCheck _check;
    private readonly ScalarTerminals _scalars;
    private readonly ObjectRules _objects;
    private readonly ArrayRules _arrays;
    private readonly Dictionary<string, ValueForm> _values = new(StringComparer.Ordinal);
    private readonly Queue<(int Rule, List<Alternative> Containers)> _left = [];
    private readonly Dictionary<int, GrammarException> _failures = [];
    private readonly HashSet<(SchemaNode, string)> _provedOneOf = [];
    private readonly Queue<(SchemaNode Owner, Conjunction Beside)> _oneOfs = [];
    private readonly CharTerminal? _whitespace;

    private SchemaCompiler(CompileBudget budget, GrammarRules rules, bool flexibleWhitespace)
    {
        _budget = budget;
        if (flexibleWhitespace)
            _whitespace = new CharTerminal(PatternAutomaton.Of(Whitespace, isSearch: false, budget), isJson: false);
        Rules = rules;
        Patterns = new StringPatterns(budget);
        _expansion = new SchemaExpansion(budget) { OnOneOf = NoteOneOf };
        _check = new InstanceCheck(Patterns, budget);
        _scalars = new ScalarTerminals(Patterns, budget);
        _objects = new ObjectRules(this, Patterns, budget);
        _arrays = new ArrayRules(this);
    }

    public GrammarRules Rules { get; }

    public StringPatterns Patterns { get; }

    /// <summary>Whether the parts of objects and arrays follow each other without whitespace.</summary>
    public bool IsCompact => _whitespace is null;

    public static Grammar Compile(
        ReadOnlyMemory<byte> schema, bool flexibleWhitespace, GrammarLimits limits, CancellationToken cancellationToken)
    {
        var budget = new CompileBudget(limits, cancellationToken);
        var document = SchemaDocument.Parse(schema, budget);
        // The outermost object or array is no call, so it does not count.
        var compiler = new SchemaCompiler(budget, new GrammarRules(budget), flexibleWhitespace);
        var (root, needs) = compiler.Write(document.RootNode());
        compiler.RefuseWithoutText(root, document.RootNode(), needs);
        return new Grammar(
            CompiledRules.Of(compiler.Rules, root, needs, limits.MaxDepth - 1), budget, compiler._objects.Kind);
    }

    /// <summary>Writes a schema as a rule beside others.</summary>
    /// <returns>The rule, and which names its objects may have that the schema does not declare.</returns>
    /// <exception cref="GrammarException">The schema is invalid, cannot be guaranteed, fits no value, or is too large.</exception>
    public static (int Rule, OpenNameKind OpenNames) Write(
        ReadOnlyMemory<byte> schema, bool flexibleWhitespace, GrammarRules rules, CompileBudget budget)
    {
        var compiler = new SchemaCompiler(budget, rules, flexibleWhitespace);
        var document = SchemaDocument.Parse(schema, budget);
        var (rule, needs) = compiler.Write(document.RootNode());
        compiler.RefuseWithoutText(rule, document.RootNode(), needs);
        budget.Free(CompiledRules.BytesOf(needs));
        return (rule, compiler._objects.Kind);
    }

    /// <summary>Writes a value that fits all of some schemas.</summary>
    /// <param name="schemas">The schemas.</param>
    /// <param name="next">What follows.</param>
    /// <returns>The first node.</returns>
    public int Value(IEnumerable<SchemaNode> schemas, int next) => Value(Conjunction.Of(schemas), next);

    /// <summary>The whitespace before a node, where there may be any.</summary>
    public int Spaced(int next) => _whitespace is null ? next : Rules.Terminal(_whitespace, next);

    /// <summary>Whether no value fits all of some schemas, as far as can be seen without looking into objects and arrays.</summary>
    public bool IsImpossible(IEnumerable<SchemaNode> schemas) => FormOf(Conjunction.Of(schemas)) is { Terminals.Count: 0, Rule: null };

    /// <summary>The ways in which a value can fit all of some schemas.</summary>
    public List<Alternative> Expand(IEnumerable<SchemaNode> schemas) => _expansion.Expand(Conjunction.Of(schemas));

    /// <summary>The names that a <c>propertyNames</c> allows.</summary>
    public CharAutomaton NamesOf(SchemaNode owner, SchemaNode names) =>
        _scalars.NamesOf(Expand([names]), StringsNamed)
            ?? throw owner.Invalid("propertyNames", "cannot be guaranteed: it has alternatives");

    private List<string>? StringsNamed(Alternative alternative)
    {
        if (NamedOf(alternative) is not { } named) return null;
        List<string> literals = [];
        AddNamed(named, alternative, literals);
        return [.. literals.Where(literal => literal[0] == '"').Select(literal => JsonSerializer.Deserialize<string>(literal)!)];
    }

    private (int Rule, int[] Needs) Write(SchemaNode schema)
    {
        var firstNode = Rules.Nodes.Count;
        var root = Rules.AddRule();
        Rules.Begin(root, Value([schema], GrammarRules.Return));
        List<(int Rule, SchemaNode Owner, int First, int Second)> proofs = [];
        while (_left.Count > 0 || _oneOfs.Count > 0)
        {
            WriteContainers();
            if (_oneOfs.TryDequeue(out var oneOf)) proofs.AddRange(ProofsOf(oneOf.Owner, oneOf.Beside));
        }

        var needs = CompiledRules.NeedsOf(Rules, _budget, firstNode);
        if (_failures.Count > 0) ThrowReachable(root);
        foreach (var (rule, owner, first, second) in proofs)
        {
            if (needs[Rules.Starts[rule]] < CompiledRules.Endless)
                throw owner.Invalid("oneOf", $"cannot be guaranteed: a value may fit both branch {first} and branch {second}; use anyOf");
        }

        return (root, needs);
    }

    /// <summary>Throws if a rule has no text, with the keyword and the place that are the reason.</summary>
    private void RefuseWithoutText(int rule, SchemaNode schema, int[] needs)
    {
        if (needs[Rules.Starts[rule]] < CompiledRules.Endless) return;
        throw new Contradiction(_expansion.Expand, HasText, _objects.IsAllowed, _objects.ValuesOf).Find(Conjunction.Of([schema]));

        bool HasText(Conjunction all) =>
            FormOf(all) is var form && (form.Terminals.Count > 0
                || (form.Rule is { } one && Rules.Starts[one] is >= 0 and var start && start < needs.Length
                    && needs[start] < CompiledRules.Endless));
    }

    private void WriteContainers()
    {
        while (_left.TryDequeue(out var container))
        {
            _budget.Enter(null, container.Containers[0].Schemas is [{ Pointer: var pointer }, ..] ? pointer : "#");
            try
            {
                List<int> branches = [];
                foreach (var alternative in container.Containers)
                {
                    if (alternative.Types.HasFlag(JsonTypes.Object)) branches.AddRange(_objects.Write(alternative));
                    if (alternative.Types.HasFlag(JsonTypes.Array)) branches.AddRange(_arrays.Write(alternative));
                }

                Rules.Begin(container.Rule, Rules.Split(branches));
            }
            catch (GrammarException failure) when (!failure.IsOverBudget)
            {
                // The rule may be one that only a proof asks for, so it is not known yet whether this matters.
                _failures[container.Rule] = failure;
                Rules.Begin(container.Rule, GrammarRules.Return);
            }
        }
    }

    private int Value(Conjunction all, int next)
    {
        var form = FormOf(all);
        List<int> branches = [.. form.Terminals.Select(terminal => Rules.Terminal(terminal, next))];
        if (form.Rule is { } rule) branches.Add(Rules.Call(rule, next));
        return Rules.Split(branches);
    }

    private ValueForm FormOf(Conjunction all)
    {
        _budget.Spend(50 + (10L * all.Schemas.Count));
        var key = all.Key;
        if (_values.TryGetValue(key, out var known)) return known;
        if (all.Schemas.Count > 0) _budget.Enter(null, all.Schemas[0].Pointer);

        HashSet<Terminal> terminals = new(ReferenceEqualityComparer.Instance);
        List<string> literals = [];
        List<Alternative> containers = [];
        foreach (var alternative in _expansion.Expand(all)) AddAlternative(alternative, terminals, literals, containers);
        if (literals.Count > 0) terminals.Add(_scalars.OfLiterals(literals));

        int? rule = null;
        if (containers.Count > 0)
        {
            rule = Rules.AddRule();
            _left.Enqueue((rule.Value, containers));
        }

        return _values[key] = new ValueForm([.. terminals], rule);
    }

    private void AddAlternative(
        Alternative alternative, HashSet<Terminal> terminals, List<string> literals, List<Alternative> containers)
    {
        if (NamedOf(alternative) is { } named)
        {
            AddNamed(named, alternative, literals);
            return;
        }

        var types = alternative.Types;
        if (types.HasFlag(JsonTypes.Null)) literals.Add("null");
        if (types.HasFlag(JsonTypes.Boolean)) literals.AddRange(["true", "false"]);
        if ((types & JsonTypes.Number) != 0 && _scalars.OfNumber(alternative) is { } number) terminals.Add(number);
        if (types.HasFlag(JsonTypes.String) && _scalars.OfString(alternative) is { } text) terminals.Add(text);
        if ((types & (JsonTypes.Array | JsonTypes.Object)) != 0) containers.Add(alternative);
    }

    /// <summary>The schema that names the fewest values; null if none names any.</summary>
    private static SchemaNode? NamedOf(Alternative alternative) =>
        alternative.Schemas.FirstOrDefault(one => one.Has("const"))
            ?? alternative.Schemas.Where(one => one.Has("enum")).MinBy(one => one.Get("enum")!.Value.GetArrayLength());

    /// <summary>Adds the values of an <c>enum</c> or <c>const</c> that fit all schemas.</summary>
    private void AddNamed(SchemaNode named, Alternative alternative, List<string> literals)
    {
        List<JsonElement> values = named.Get("const") is { } constant ? [constant] : [.. named.Get("enum")!.Value.EnumerateArray()];
        _budget.Enter(named.Has("const") ? "const" : "enum", named.Pointer);
        foreach (var value in values)
        {
            _budget.Spend(50);
            // Types may be narrower than any schema says: "not" excludes some.
            if (!alternative.Types.HasFlag(JsonTypeNames.Of(value))) continue;
            if (!alternative.Schemas.All(schema => _check.FitsItself(value, schema))) continue;
            var text = new StringBuilder();
            ValueText.Write(value, text, named, _budget);
            literals.Add(text.ToString());
        }
    }

    private void NoteOneOf(SchemaNode owner, Conjunction beside)
    {
        if (_provedOneOf.Add((owner, beside.Key))) _oneOfs.Enqueue((owner, beside));
    }

    /// <summary>Writes a rule for each pair of branches: if it has no text, no value fits both.</summary>
    private List<(int Rule, SchemaNode Owner, int First, int Second)> ProofsOf(SchemaNode owner, Conjunction beside)
    {
        var branches = owner.Children("oneOf");
        if (branches.Count > MaxBranchesOfOneOf)
            throw owner.Invalid("oneOf", $"has {branches.Count} branches; the most are {MaxBranchesOfOneOf}; use anyOf");
        List<(int, SchemaNode, int, int)> proofs = [];
        for (var second = 1; second < branches.Count; second++)
        {
            for (var first = 0; first < second; first++)
            {
                var both = Conjunction.Of([.. beside.Schemas, branches[first], branches[second]]) with { WithoutOneOf = owner };
                var rule = Rules.AddRule();
                Rules.Begin(rule, ProofOf(both));
                proofs.Add((rule, owner, first, second));
            }
        }

        return proofs;
    }

    private int ProofOf(Conjunction both)
    {
        try
        {
            return Value(both, GrammarRules.Return);
        }
        catch (GrammarException failure) when (!failure.IsOverBudget)
        {
            return GrammarRules.Return;
        }
    }

    /// <summary>Throws the failure of a rule that the root needs.</summary>
    private void ThrowReachable(int root)
    {
        HashSet<int> seen = [root];
        Stack<int> left = new(seen);
        HashSet<int> nodes = [];
        while (left.TryPop(out var rule))
        {
            if (_failures.TryGetValue(rule, out var failure)) throw failure;
            Stack<int> open = new([Rules.Starts[rule]]);
            while (open.TryPop(out var at))
            {
                if (!nodes.Add(at)) continue;
                _budget.Spend(5);
                var node = Rules.Nodes[at];
                if (node.Kind == NodeKind.Call && seen.Add(node.Target)) left.Push(node.Target);
                if (node.Kind is NodeKind.Call or NodeKind.Terminal) open.Push(node.Next);
                for (var i = 0; node.Kind == NodeKind.Split && i < node.Next; i++) open.Push(Rules.Branches[node.Target + i]);
            }
        }
    }

    /// <summary>How a value is written: as one of some terminals, or by a rule for objects and arrays.</summary>
    private sealed record ValueForm(IReadOnlyList<Terminal> Terminals, int? Rule);
}
