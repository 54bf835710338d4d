namespace AiPlatform.Grammars.Terminals;

/// <summary>
/// A part of a grammar that calls no rule, as an automaton over bytes: a literal, a string, a number. From each state some bytes lead to a
/// state that accepts. It may note states as it goes, so one thread at a time uses it.
/// </summary>
internal abstract class Terminal
{
    /// <summary>No state.</summary>
    public const int Dead = -1;

    public abstract int Start { get; }

    /// <summary>The state after a byte, or <see cref="Dead"/>.</summary>
    public abstract int Step(int state, byte value);

    /// <summary>Whether the terminal may end here.</summary>
    public abstract bool Accepts(int state);

    /// <summary>Whether any byte can follow within the terminal.</summary>
    public virtual bool Continues(int state)
    {
        for (var value = 0; value < 256; value++)
            if (Step(state, (byte)value) != Dead) return true;
        return false;
    }

    /// <summary>The byte that must follow within the terminal; -1 when there are several, or none.</summary>
    public virtual int OnlyByte(int state)
    {
        var only = -1;
        for (var value = 0; value < 256; value++)
        {
            if (Step(state, (byte)value) == Dead) continue;
            if (only >= 0) return -1;
            only = value;
        }

        return only;
    }

    /// <summary>
    /// A number of plain characters (no control characters, quotation marks and backslashes) any of which can follow here.
    /// <see cref="int.MaxValue"/> means any number of them.
    /// </summary>
    public virtual int FreeRun(int state) => 0;

    /// <summary>Whether no text with more plain characters than <see cref="FreeRun"/> can follow here.</summary>
    public virtual bool IsFreeRunExact => false;
}
