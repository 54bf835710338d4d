namespace AiPlatform.Gateway.StructuredOutput.Patterns;

/// <summary>A part of a pattern, as it is written.</summary>
/// <param name="states">States of its automaton with every count written out, at least 1, at most <see cref="Uncounted"/>.</param>
internal abstract class PatternNode(long states)
{
    /// <summary>From here on states are not counted: it is far more than anybody may have.</summary>
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

/// <summary>A place, not a character.</summary>
internal sealed class PlaceNode(StateKind kind) : PatternNode(1)
{
    public StateKind Kind { get; } = kind;
}

/// <summary>One part after another; nothing at all when there is none.</summary>
internal sealed class SequenceNode(IReadOnlyList<PatternNode> parts) : PatternNode(parts.Sum(part => (long)part.States))
{
    public IReadOnlyList<PatternNode> Parts { get; } = parts;
}

/// <summary>One of several.</summary>
internal sealed class ChoiceNode(IReadOnlyList<PatternNode> branches) : PatternNode(branches.Sum(branch => branch.States + 1L) - 1)
{
    public IReadOnlyList<PatternNode> Branches { get; } = branches;
}

/// <summary>The same again and again.</summary>
/// <param name="body">What is repeated.</param>
/// <param name="least">How often at least.</param>
/// <param name="most">How often at most; null for any number.</param>
internal sealed class RepeatNode(PatternNode body, int least, int? most) : PatternNode(StatesOf(body.States, least, most))
{
    public PatternNode Body { get; } = body;

    public int Least { get; } = least;

    public int? Most { get; } = most;

    private static long StatesOf(long body, long least, long? most) =>
        most is { } limit ? (least * body) + ((limit - least) * (body + 1)) : (Math.Max(least, 1) * body) + 1;
}
