namespace AiPlatform.Grammars.Patterns;

/// <summary>A part of a parsed pattern.</summary>
/// <param name="states">States of its automaton with every count written out, at least 1, at most <see cref="Uncounted"/>.</param>
internal abstract class PatternNode(long states)
{
    /// <summary>Counting stops at this number of states, which is far beyond the limit.</summary>
    public const int Uncounted = 1_000_000;

    public int States { get; } = (int)Math.Clamp(states, 1, Uncounted);
}

/// <summary>One character.</summary>
internal sealed class CharacterNode(int codePoint) : PatternNode(1)
{
    public int CodePoint { get; } = codePoint;
}

/// <summary>One character of a set.</summary>
internal sealed class ClassNode(CharacterSet set) : PatternNode(1)
{
    public CharacterSet Set { get; } = set;
}

/// <summary>A position, which consumes no character.</summary>
internal sealed class PlaceNode(StateKind kind) : PatternNode(1)
{
    public StateKind Kind { get; } = kind;
}

/// <summary>Parts one after another; without parts it matches the empty text.</summary>
internal sealed class SequenceNode(IReadOnlyList<PatternNode> parts) : PatternNode(parts.Sum(part => (long)part.States))
{
    public IReadOnlyList<PatternNode> Parts { get; } = parts;
}

/// <summary>One of several alternatives.</summary>
internal sealed class ChoiceNode(IReadOnlyList<PatternNode> branches) : PatternNode(branches.Sum(branch => branch.States + 1L) - 1)
{
    public IReadOnlyList<PatternNode> Branches { get; } = branches;
}

/// <summary>A repetition.</summary>
/// <param name="body">The repeated part.</param>
/// <param name="least">Least repetitions.</param>
/// <param name="most">Most repetitions; null for any number.</param>
internal sealed class RepeatNode(PatternNode body, int least, int? most) : PatternNode(StatesOf(body.States, least, most))
{
    public PatternNode Body { get; } = body;

    public int Least { get; } = least;

    public int? Most { get; } = most;

    private static long StatesOf(long body, long least, long? most) =>
        most is { } limit ? (least * body) + ((limit - least) * (body + 1)) : (Math.Max(least, 1) * body) + 1;
}
