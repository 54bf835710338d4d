namespace AiPlatform.Gateway.StructuredOutput.Patterns;

/// <summary>Working memory of matching, which is reused for each match of one check. It is not thread-safe.</summary>
internal sealed class MatchSpace
{
    // The round that entered each state last. A round is one position in one text, so nothing has to be cleared.
    private int[] _entered = [];
    private int[] _open = [];
    private int[] _noted = [];
    private int _openCount;
    private int _notedCount;
    private int _round;

    /// <summary>Begins a match of an automaton with this number of states.</summary>
    public void Begin(int states)
    {
        if (_entered.Length < states)
        {
            var size = Math.Max(states, 2 * _entered.Length);
            (_entered, _open, _noted) = (new int[size], new int[size], new int[size]);
        }

        (_openCount, _notedCount) = (0, 0);
        _round++;
    }

    /// <summary>Adds a state to those to visit, unless this round has it already.</summary>
    public void Enter(int state)
    {
        if (_entered[state] == _round) return;
        _entered[state] = _round;
        _open[_openCount++] = state;
    }

    public bool TryVisit(out int state)
    {
        state = _openCount > 0 ? _open[--_openCount] : -1;
        return state >= 0;
    }

    /// <summary>Adds a state to those that the next round enters.</summary>
    public void Note(int state) => _noted[_notedCount++] = state;

    /// <summary>Begins the next round with the noted states.</summary>
    /// <returns>False when no states were noted and this ends the match.</returns>
    public bool Advance(bool mayBeEmpty)
    {
        if (_notedCount == 0 && !mayBeEmpty) return false;

        _round++;
        for (var i = 0; i < _notedCount; i++) Enter(_noted[i]);
        _notedCount = 0;
        return true;
    }
}
