using System.Text;
using AiPlatform.Grammars.Terminals;

namespace AiPlatform.Grammars.Rules;

/// <summary>The kind of a node of a rule.</summary>
internal enum NodeKind : byte
{
    /// <summary>The rule ends.</summary>
    Return,

    /// <summary>A terminal, then the next node.</summary>
    Terminal,

    /// <summary>A rule, then the next node.</summary>
    Call,

    /// <summary>One of several nodes.</summary>
    Split,
}

/// <summary>A node of a rule.</summary>
/// <param name="Kind">Its kind.</param>
/// <param name="Target">The number of its terminal or rule, or the place of its first branch.</param>
/// <param name="Next">The next node, or the number of branches.</param>
internal readonly record struct Node(NodeKind Kind, int Target, int Next);

/// <summary>
/// Collects the rules of a grammar. A rule is a graph of nodes that is written from back to front, so the next node is there already. Node
/// 0 ends a rule.
/// </summary>
internal sealed class GrammarRules(CompileBudget budget)
{
    /// <summary>The node that ends each rule.</summary>
    public const int Return = 0;

    private const int BytesOfNode = 12;
    private const int BytesOfTerminal = 100;

    private readonly Dictionary<string, int> _literals = new(StringComparer.Ordinal);
    private readonly Dictionary<Terminal, int> _numbers = new(ReferenceEqualityComparer.Instance);

    public List<Node> Nodes { get; } = [new(NodeKind.Return, 0, 0)];

    public List<Terminal> Terminals { get; } = [];

    /// <summary>The branches of all splits.</summary>
    public List<int> Branches { get; } = [];

    /// <summary>The first node of each rule; -1 as long as there is none.</summary>
    public List<int> Starts { get; } = [];

    public int AddRule()
    {
        Starts.Add(-1);
        return Starts.Count - 1;
    }

    public void Begin(int rule, int start) => Starts[rule] = start;

    public int Literal(string text, int next)
    {
        if (text.Length == 0) return next;
        if (!_literals.TryGetValue(text, out var number))
        {
            budget.Allocate(2L * text.Length);
            _literals[text] = number = Add(new LiteralTerminal(Encoding.UTF8.GetBytes(text)));
        }

        return Add(new Node(NodeKind.Terminal, number, next));
    }

    public int Terminal(Terminal terminal, int next)
    {
        if (!_numbers.TryGetValue(terminal, out var number)) _numbers[terminal] = number = Add(terminal);
        return Add(new Node(NodeKind.Terminal, number, next));
    }

    public int Call(int rule, int next) => Add(new Node(NodeKind.Call, rule, next));

    /// <param name="branches">The nodes one of which follows; without any, nothing can follow.</param>
    public int Split(params IReadOnlyList<int> branches)
    {
        if (branches.Count == 1) return branches[0];
        var split = Placeholder();
        Fill(split, branches);
        return split;
    }

    /// <summary>A split whose branches are told later.</summary>
    public int Placeholder() => Add(new Node(NodeKind.Split, 0, 0));

    public void Fill(int placeholder, params IReadOnlyList<int> branches)
    {
        budget.Allocate(4L * branches.Count);
        Nodes[placeholder] = new Node(NodeKind.Split, Branches.Count, branches.Count);
        Branches.AddRange(branches);
    }

    private int Add(Node node)
    {
        budget.Spend(20);
        budget.Allocate(BytesOfNode);
        Nodes.Add(node);
        return Nodes.Count - 1;
    }

    private int Add(Terminal terminal)
    {
        budget.Allocate(BytesOfTerminal);
        Terminals.Add(terminal);
        return Terminals.Count - 1;
    }
}
