namespace AiPlatform.Grammars.Patterns;

/// <summary>The condition of a state of an automaton.</summary>
internal enum StateKind : byte
{
    /// <summary>The pattern has matched.</summary>
    Match,

    /// <summary>One character.</summary>
    Character,

    /// <summary>One character of a set.</summary>
    Class,

    /// <summary>No condition: two states follow.</summary>
    Split,

    /// <summary>The start of the text.</summary>
    Start,

    /// <summary>The end of the text.</summary>
    End,

    /// <summary>A word boundary.</summary>
    WordEdge,

    /// <summary>No word boundary.</summary>
    NoWordEdge,
}

/// <summary>A state of an automaton.</summary>
/// <param name="Kind">Its condition.</param>
/// <param name="Next">The next state.</param>
/// <param name="Other">The other next state of a split, or the code point of a character.</param>
/// <param name="Set">The set of a class.</param>
internal readonly record struct State(StateKind Kind, int Next, int Other = 0, CharacterSet? Set = null);

/// <summary>
/// Builds the automaton of a pattern by Thompson's construction. It has at most as many states as were counted, and one for the match.
/// </summary>
internal sealed class PatternProgram
{
    private readonly List<State> _states;

    private PatternProgram(int states) => _states = new List<State>(states + 1) { new(StateKind.Match, 0) };

    public static (State[] States, int Start) Of(PatternNode pattern)
    {
        var program = new PatternProgram(pattern.States);
        var start = program.Write(pattern, next: 0);
        return ([.. program._states], start);
    }

    /// <summary>Writes a part whose next state exists already. Parts are written from back to front, so most targets are known.</summary>
    /// <returns>The first state of the part.</returns>
    private int Write(PatternNode node, int next) => node switch
    {
        CharacterNode one => Add(new State(StateKind.Character, next, one.CodePoint)),
        ClassNode one => Add(new State(StateKind.Class, next, Set: one.Set)),
        PlaceNode place => Add(new State(place.Kind, next)),
        SequenceNode sequence => sequence.Parts.Reverse().Aggregate(next, (behind, part) => Write(part, behind)),
        ChoiceNode choice => choice.Branches.Reverse().Select(branch => Write(branch, next))
            .Aggregate((others, first) => Add(new State(StateKind.Split, first, others))),
        RepeatNode { Most: { } most } counted => WriteCounted(counted, most, next),
        RepeatNode repeat => WriteLoop(repeat, next),
        _ => throw new System.Diagnostics.UnreachableException("The pattern has a node of an unknown kind. This is a bug."),
    };

    private int WriteCounted(RepeatNode counted, int most, int next)
    {
        var start = next;
        for (var i = counted.Least; i < most; i++) start = Add(new State(StateKind.Split, Write(counted.Body, start), next));
        for (var i = 0; i < counted.Least; i++) start = Write(counted.Body, start);
        return start;
    }

    private int WriteLoop(RepeatNode repeat, int next)
    {
        var split = Add(new State(StateKind.Split, next, next));
        var start = Write(repeat.Body, split);
        _states[split] = new State(StateKind.Split, start, next);
        if (repeat.Least == 0) return split;
        for (var i = 1; i < repeat.Least; i++) start = Write(repeat.Body, start);
        return start;
    }

    private int Add(State state)
    {
        _states.Add(state);
        return _states.Count - 1;
    }
}
