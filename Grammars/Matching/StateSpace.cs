using System.Runtime.InteropServices;
using AiPlatform.Grammars.Rules;
using AiPlatform.Grammars.Terminals;

namespace AiPlatform.Grammars.Matching;

/// <summary>
/// The states of a grammar and the steps between them, as far as they were needed. When they take too much memory, all are forgotten, and
/// those in use are made anew. It is not thread-safe.
/// </summary>
internal sealed class StateSpace
{
    private const int BytesOfState = 600;
    private const int BytesOfContinuation = 150;

    /// <summary>Most places that one step looks at.</summary>
    private const int MaxPlaces = 100_000;

    private readonly CompiledRules _rules;
    private readonly long _maxBytes;
    private readonly ContinuationTable _continuations = new();
    private readonly Dictionary<GrammarState.Item[], GrammarState>[] _known =
        [new(new ByItems()), new(new ByItems())];
    private readonly List<GrammarState.Item> _found = [];
    private readonly Stack<(int Node, Continuation Behind)> _open = [];
    private readonly HashSet<(int Node, Continuation Behind)> _visited = [];
    private bool _acceptsEnd;

    public StateSpace(CompiledRules rules, long maxBytes)
    {
        (_rules, _maxBytes) = (rules, maxBytes);
        Close(_rules.Starts[_rules.Root], Continuation.End);
        Start = Collect() ?? throw new System.Diagnostics.UnreachableException("A grammar without a text was compiled. This is a bug.");
    }

    public GrammarState Start { get; }

    /// <summary>It changes when all states are forgotten.</summary>
    public int Generation { get; private set; }

    /// <summary>Places that were looked at for steps that were not known.</summary>
    public long Work { get; private set; }

    /// <summary>The memory of the states.</summary>
    public long Bytes =>
        ((long)BytesOfState * (_known[0].Count + _known[1].Count)) + ((long)BytesOfContinuation * _continuations.Count);

    /// <summary>The state after a byte; null if the byte cannot follow.</summary>
    /// <exception cref="GrammarException">The grammar is so ambiguous here that a step takes too much work.</exception>
    public GrammarState? Step(GrammarState state, byte value)
    {
        if (state.Generation != Generation) state = Intern(state.Items, state.AcceptsEnd);
        if (state.TryGetStep(value, out var target)) return target;

        Work += state.Items.Length;
        foreach (var item in state.Items)
        {
            var node = _rules.Nodes[item.Node];
            var terminal = _rules.Terminals[node.Target];
            var lexeme = terminal.Step(item.Lexeme, value);
            if (lexeme == Terminal.Dead) continue;
            if (terminal.Continues(lexeme)) _found.Add(item with { Lexeme = lexeme });
            if (terminal.Accepts(lexeme)) Close(node.Next, item.Behind);
        }

        target = Collect();
        state.SetStep(value, target);
        return target;
    }

    /// <summary>The byte that must follow; -1 if the text may end, or there are several.</summary>
    public int OnlyByte(GrammarState state)
    {
        if (state.AcceptsEnd) return -1;
        var only = -1;
        foreach (var item in state.Items)
        {
            var value = _rules.Terminals[_rules.Nodes[item.Node].Target].OnlyByte(item.Lexeme);
            if (value < 0 || (only >= 0 && only != value)) return -1;
            only = value;
        }

        return only;
    }

    /// <summary>How many plain characters, whichever they are, can follow; and whether no more than these can.</summary>
    public (int Characters, bool IsExact) FreeRun(GrammarState state)
    {
        var most = 0;
        foreach (var item in state.Items)
            most = Math.Max(most, _rules.Terminals[_rules.Nodes[item.Node].Target].FreeRun(item.Lexeme));
        var isExact = state.Items.Length == 1 && _rules.Terminals[_rules.Nodes[state.Items[0].Node].Target].IsFreeRunExact;
        return (most, isExact);
    }

    /// <summary>Forgets all states if they take more memory than they may. States in use stay valid.</summary>
    public void Shrink()
    {
        if (Bytes <= _maxBytes) return;
        foreach (var states in _known) states.Clear();
        _continuations.Clear();
        Generation++;
    }

    /// <summary>Adds the places that are reached from a node without reading a byte.</summary>
    private void Close(int start, Continuation end)
    {
        _open.Push((start, end));
        while (_open.TryPop(out var place))
        {
            var (at, behind) = place;
            Work++;
            if (_rules.Needs[at] + behind.Depth > _rules.MaxDepth || !_visited.Add(place)) continue;
            if (_visited.Count > MaxPlaces)
            {
                Reset();
                throw new GrammarException(
                    $"The grammar is too large or too ambiguous: a text may be in more than {MaxPlaces} places at once.");
            }

            var node = _rules.Nodes[at];
            switch (node.Kind)
            {
                case NodeKind.Return:
                    _acceptsEnd |= behind.IsEnd;
                    foreach (var frame in behind.Frames) _open.Push((frame.Node, frame.Behind));
                    break;
                case NodeKind.Terminal:
                    var terminal = _rules.Terminals[node.Target];
                    if (terminal.Continues(terminal.Start)) _found.Add(new(at, terminal.Start, behind));
                    if (terminal.Accepts(terminal.Start)) _open.Push((node.Next, behind));
                    break;
                case NodeKind.Call:
                    var follows = node.Next == GrammarRules.Return ? behind : _continuations.Push(node.Next, behind);
                    _open.Push((_rules.Starts[node.Target], follows));
                    break;
                default:
                    for (var i = 0; i < node.Next; i++) _open.Push((_rules.Branches[node.Target + i], behind));
                    break;
            }
        }
    }

    /// <summary>The state of all places that were found; null if there are none and the text cannot end.</summary>
    private GrammarState? Collect()
    {
        GrammarState? state = null;
        if (_found.Count > 0 || _acceptsEnd) state = Intern(Merged(_found), _acceptsEnd);
        Reset();
        return state;
    }

    private void Reset()
    {
        _found.Clear();
        _visited.Clear();
        _open.Clear();
        _acceptsEnd = false;
    }

    /// <summary>The places in order; equal ones become one that goes on as any of them does.</summary>
    private GrammarState.Item[] Merged(List<GrammarState.Item> items)
    {
        if (items.Count == 1) return [items[0]];
        items.Sort((a, b) => a.Node != b.Node ? a.Node.CompareTo(b.Node)
            : a.Lexeme != b.Lexeme ? a.Lexeme.CompareTo(b.Lexeme) : a.Behind.Id.CompareTo(b.Behind.Id));
        var kept = 0;
        var all = CollectionsMarshal.AsSpan(items);
        foreach (var item in all)
        {
            if (kept > 0 && all[kept - 1] is var last && last.Node == item.Node && last.Lexeme == item.Lexeme)
                all[kept - 1] = last with { Behind = _continuations.Union(last.Behind, item.Behind) };
            else all[kept++] = item;
        }

        return all[..kept].ToArray();
    }

    private GrammarState Intern(GrammarState.Item[] items, bool acceptsEnd)
    {
        var known = _known[acceptsEnd ? 1 : 0];
        if (!known.TryGetValue(items, out var state)) known[items] = state = new GrammarState(items, acceptsEnd, Generation);
        return state;
    }

    private sealed class ByItems : IEqualityComparer<GrammarState.Item[]>
    {
        public bool Equals(GrammarState.Item[]? x, GrammarState.Item[]? y) => x.AsSpan().SequenceEqual(y);

        public int GetHashCode(GrammarState.Item[] obj)
        {
            var hash = new HashCode();
            foreach (var item in obj)
            {
                hash.Add(item.Node);
                hash.Add(item.Lexeme);
                hash.Add(item.Behind.Id);
            }

            return hash.ToHashCode();
        }
    }
}
