using AiPlatform.Grammars.Rules;

namespace AiPlatform.Grammars.Text;

/// <summary>Refuses rules that call themselves before any byte is read: a matcher that reads forwards never ends with them.</summary>
internal static class LeftRecursion
{
    /// <exception cref="GrammarException">A rule is left-recursive. The message names it.</exception>
    public static void Refuse(GrammarRules rules, IReadOnlyDictionary<string, int> numbers, CompileBudget budget)
    {
        var isEmpty = EmptyRules(rules, budget);
        var state = new byte[rules.Starts.Count];
        for (var rule = 0; rule < state.Length; rule++)
        {
            // The path of rules that are being looked at, each with the calls that are left.
            Stack<(int Rule, Queue<int> Calls)> path = [];
            if (state[rule] == 0) Enter(rule);
            while (path.TryPeek(out var top))
            {
                if (!top.Calls.TryDequeue(out var called))
                {
                    state[top.Rule] = 2;
                    path.Pop();
                }
                else if (state[called] == 1)
                {
                    var name = numbers.First(one => one.Value == called).Key;
                    throw new GrammarException($"The rule '{name}' calls itself before it reads anything; write it with '*'.");
                }
                else if (state[called] == 0)
                {
                    Enter(called);
                }
            }

            void Enter(int at)
            {
                state[at] = 1;
                path.Push((at, FirstCalls(rules, at, isEmpty, budget)));
            }
        }
    }

    private static Queue<int> FirstCalls(GrammarRules rules, int rule, bool[] isEmpty, CompileBudget budget)
    {
        Queue<int> calls = [];
        HashSet<int> seen = [];
        Stack<int> open = new([rules.Starts[rule]]);
        while (open.TryPop(out var at))
        {
            if (!seen.Add(at)) continue;
            budget.Spend(2);
            var node = rules.Nodes[at];
            if (node.Kind == NodeKind.Call) calls.Enqueue(node.Target);
            if (CanSkip(rules, node, isEmpty)) open.Push(node.Next);
            for (var i = 0; node.Kind == NodeKind.Split && i < node.Next; i++) open.Push(rules.Branches[node.Target + i]);
        }

        return calls;
    }

    private static bool CanSkip(GrammarRules rules, Node node, bool[] isEmpty) => node.Kind switch
    {
        NodeKind.Terminal => rules.Terminals[node.Target].Accepts(rules.Terminals[node.Target].Start),
        NodeKind.Call => isEmpty[node.Target],
        _ => false,
    };

    /// <summary>For each rule whether the empty text is one of its texts.</summary>
    private static bool[] EmptyRules(GrammarRules rules, CompileBudget budget)
    {
        var isEmpty = new bool[rules.Starts.Count];
        var reaches = new bool[rules.Nodes.Count];
        reaches[GrammarRules.Return] = true;
        for (var changed = true; changed;)
        {
            changed = false;
            budget.Spend(2L * reaches.Length);
            for (var at = 1; at < reaches.Length; at++)
            {
                if (reaches[at]) continue;
                var node = rules.Nodes[at];
                var can = node.Kind == NodeKind.Split
                    ? Enumerable.Range(node.Target, node.Next).Any(branch => reaches[rules.Branches[branch]])
                    : CanSkip(rules, node, isEmpty) && reaches[node.Next];
                if (!can) continue;
                reaches[at] = changed = true;
            }

            for (var rule = 0; rule < isEmpty.Length; rule++)
            {
                if (isEmpty[rule] || !reaches[rules.Starts[rule]]) continue;
                isEmpty[rule] = changed = true;
            }
        }

        return isEmpty;
    }
}
