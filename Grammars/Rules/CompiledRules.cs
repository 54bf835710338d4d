using AiPlatform.Grammars.Terminals;

namespace AiPlatform.Grammars.Rules;

/// <summary>
/// The rules of a grammar as a push-down automaton. For each node it is known how deep calls must nest from there to the end of its rule.
/// So a path that cannot end within the limit, or at all, is never taken.
/// </summary>
internal sealed class CompiledRules
{
    /// <summary>The need of a node from which a rule cannot end.</summary>
    public const int Endless = int.MaxValue / 2;

    private CompiledRules(GrammarRules rules, int root, int[] needs, int maxDepth)
    {
        (Nodes, Terminals, Branches, Starts) = ([.. rules.Nodes], [.. rules.Terminals], [.. rules.Branches], [.. rules.Starts]);
        (Root, Needs, MaxDepth) = (root, needs, maxDepth);
    }

    public Node[] Nodes { get; }

    public Terminal[] Terminals { get; }

    public int[] Branches { get; }

    /// <summary>The first node of each rule.</summary>
    public int[] Starts { get; }

    /// <summary>The rule of the whole text.</summary>
    public int Root { get; }

    /// <summary>For each node the least depth of calls from it to the end of its rule.</summary>
    public int[] Needs { get; }

    /// <summary>How deep calls may nest.</summary>
    public int MaxDepth { get; }

    /// <param name="rules">The rules, each with a first node.</param>
    /// <param name="root">The rule of the whole text.</param>
    /// <param name="needs">What <see cref="NeedsOf"/> found.</param>
    /// <param name="maxDepth">How deep calls may nest.</param>
    /// <exception cref="GrammarException">No text fits, or only texts that nest deeper than the limit.</exception>
    public static CompiledRules Of(GrammarRules rules, int root, int[] needs, int maxDepth)
    {
        var need = needs[rules.Starts[root]];
        if (need >= Endless) throw NoText();
        if (need > maxDepth) throw new GrammarException($"Each text that fits nests deeper than {maxDepth} levels.");
        return new CompiledRules(rules, root, needs, maxDepth);
    }

    /// <summary>The refusal of a grammar that has no text.</summary>
    public static GrammarException NoText() => new("No text fits: the conditions contradict each other, or a recursion has no end.");

    /// <summary>Memory that the result of <see cref="NeedsOf"/> takes.</summary>
    public static long BytesOf(int[] needs) => 4L * needs.Length;

    /// <summary>For each node the least depth of calls from it to the end of its rule, or <see cref="Endless"/>.</summary>
    /// <param name="rules">The rules.</param>
    /// <param name="budget">The budget.</param>
    /// <param name="first">The first node that is looked at; those behind it lead to none before it but the end of a rule.</param>
    public static int[] NeedsOf(GrammarRules rules, CompileBudget budget, int first = 1)
    {
        var needs = new int[rules.Nodes.Count];
        Array.Fill(needs, Endless);
        needs[GrammarRules.Return] = 0;
        budget.Allocate(BytesOf(needs));
        for (var changed = true; changed;)
        {
            changed = false;
            budget.Spend(3L * (needs.Length - first));
            for (var at = first; at < needs.Length; at++)
            {
                var need = NeedOf(rules, needs, at);
                if (need >= needs[at]) continue;
                needs[at] = need;
                changed = true;
            }
        }

        return needs;
    }

    private static int NeedOf(GrammarRules rules, int[] needs, int at)
    {
        var node = rules.Nodes[at];
        switch (node.Kind)
        {
            case NodeKind.Return:
                return 0;
            case NodeKind.Terminal:
                return needs[node.Next];
            case NodeKind.Call:
                var inside = rules.Starts[node.Target] < 0 ? Endless : needs[rules.Starts[node.Target]];
                return node.Next == GrammarRules.Return ? inside : Math.Min(Endless, Math.Max(inside + 1, needs[node.Next]));
            default:
                var least = Endless;
                for (var i = 0; i < node.Next; i++) least = Math.Min(least, needs[rules.Branches[node.Target + i]]);
                return least;
        }
    }
}
