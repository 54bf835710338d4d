namespace AiPlatform.Grammars.Matching;

/// <summary>
/// All that a grammar knows after some bytes: the places in its rules where the text may be, each with what follows behind its rule. It
/// belongs to the grammar that made it. To its users it is immutable; equal states are mostly the same object.
/// </summary>
public sealed class GrammarState
{
    private const byte Unknown = 0;
    private const byte None = 1;
    private const byte FirstTarget = 2;

    private readonly List<GrammarState> _targets = [];
    private byte[]? _steps;

    internal GrammarState(Item[] items, bool acceptsEnd, int generation) =>
        (Items, AcceptsEnd, Generation) = (items, acceptsEnd, generation);

    /// <summary>Whether the text may end here.</summary>
    public bool AcceptsEnd { get; }

    internal Item[] Items { get; }

    internal int Generation { get; }

    /// <summary>Whether the state after a byte is known; it is null if the byte cannot follow.</summary>
    internal bool TryGetStep(byte value, out GrammarState? target)
    {
        var step = _steps is null ? Unknown : _steps[value];
        target = step >= FirstTarget ? _targets[step - FirstTarget] : null;
        return step != Unknown;
    }

    internal void SetStep(byte value, GrammarState? target)
    {
        _steps ??= new byte[256];
        var number = target is null ? -1 : _targets.IndexOf(target);
        if (target is not null && number < 0)
        {
            if (_targets.Count > byte.MaxValue - FirstTarget) return;
            number = _targets.Count;
            _targets.Add(target);
        }

        _steps[value] = target is null ? None : (byte)(number + FirstTarget);
    }

    /// <summary>A place where the text may be.</summary>
    /// <param name="Node">A node with a terminal.</param>
    /// <param name="Lexeme">The terminal's state.</param>
    /// <param name="Behind">What follows when the node's rule ends.</param>
    internal readonly record struct Item(int Node, int Lexeme, Continuation Behind);
}
