namespace AiPlatform.Grammars.Terminals;

/// <summary>A small automaton over ASCII characters, as a table.</summary>
internal sealed class TableTerminal : Terminal
{
    private readonly string _alphabet;
    private readonly int[] _next;
    private readonly bool[] _accepts;
    private readonly sbyte[] _columns = new sbyte[256];

    private TableTerminal(string alphabet, int[] next, bool[] accepts)
    {
        (_alphabet, _next, _accepts) = (alphabet, next, accepts);
        Array.Fill(_columns, (sbyte)-1);
        for (var i = 0; i < alphabet.Length; i++) _columns[alphabet[i]] = (sbyte)i;
    }

    public override int Start => 0;

    /// <summary>Explores an automaton from its first state, and leaves out what leads nowhere.</summary>
    /// <param name="alphabet">Its characters, all ASCII.</param>
    /// <param name="first">The first state.</param>
    /// <param name="step">The state after a character; null for none.</param>
    /// <param name="accepts">Whether it accepts in a state.</param>
    /// <param name="budget">The budget.</param>
    /// <returns>Null if no text is accepted.</returns>
    public static TableTerminal? Explore<TState>(
        string alphabet, TState first, Func<TState, char, TState?> step, Func<TState, bool> accepts, CompileBudget budget)
        where TState : struct, IEquatable<TState>
    {
        Dictionary<TState, int> known = new() { [first] = 0 };
        List<TState> states = [first];
        List<int> next = [];
        for (var at = 0; at < states.Count; at++)
        {
            budget.Spend(10 * alphabet.Length);
            foreach (var character in alphabet)
            {
                if (step(states[at], character) is not { } target)
                {
                    next.Add(Dead);
                    continue;
                }

                if (!known.TryGetValue(target, out var number))
                {
                    known[target] = number = states.Count;
                    states.Add(target);
                }

                next.Add(number);
            }
        }

        return Trimmed(alphabet, next, [.. states.Select(accepts)], budget);
    }

    public override int Step(int state, byte value) => _columns[value] < 0 ? Dead : _next[(state * _alphabet.Length) + _columns[value]];

    public override bool Accepts(int state) => _accepts[state];

    public override bool Continues(int state) => _next.AsSpan(state * _alphabet.Length, _alphabet.Length).ContainsAnyExcept(Dead);

    private static TableTerminal? Trimmed(string alphabet, List<int> next, bool[] accepts, CompileBudget budget)
    {
        var width = alphabet.Length;
        var sources = new List<int>?[accepts.Length];
        for (var edge = 0; edge < next.Count; edge++)
            if (next[edge] != Dead) (sources[next[edge]] ??= []).Add(edge / width);
        var alive = (bool[])accepts.Clone();
        Stack<int> left = new(Enumerable.Range(0, accepts.Length).Where(state => accepts[state]));
        while (left.TryPop(out var state))
        {
            foreach (var source in sources[state] ?? [])
            {
                if (alive[source]) continue;
                alive[source] = true;
                left.Push(source);
            }
        }

        if (!alive[0]) return null;
        budget.Allocate(4L * next.Count);
        return new TableTerminal(alphabet, [.. next.Select(target => target != Dead && alive[target] ? target : Dead)], accepts);
    }
}
