namespace AiPlatform.Grammars.Automata;

/// <summary>
/// A deterministic automaton over code points, without dead states: from each state some text leads to a state that accepts. State 0 is the
/// first one. It is immutable.
/// </summary>
internal sealed class CharAutomaton
{
    /// <summary>No state.</summary>
    public const int Dead = -1;

    /// <summary>Most states of one automaton.</summary>
    public const int MaxStates = 20_000;

    private readonly int[] _next;
    private readonly bool[] _accepts;
    private int[]? _freeRuns;

    private CharAutomaton(CharacterClasses classes, int[] next, bool[] accepts) => (Classes, _next, _accepts) = (classes, next, accepts);

    public CharacterClasses Classes { get; }

    public int States => _accepts.Length;

    /// <summary>Whether it accepts no text.</summary>
    public bool IsEmpty => States == 0;

    public bool Accepts(int state) => _accepts[state];

    public int Next(int state, int characterClass) => _next[(state * Classes.Count) + characterClass];

    /// <summary>An automaton that accepts each text.</summary>
    public static CharAutomaton Any { get; } = new(CharacterClasses.One, [Dead, 0], [true]);

    /// <summary>Makes an automaton of tables, without the states that lead nowhere.</summary>
    /// <param name="classes">The classes of its characters.</param>
    /// <param name="next">For each state and each class the next state, or <see cref="Dead"/>.</param>
    /// <param name="accepts">For each state whether it accepts.</param>
    /// <param name="budget">The budget.</param>
    public static CharAutomaton Of(CharacterClasses classes, List<int> next, List<bool> accepts, CompileBudget budget)
    {
        var width = classes.Count;
        budget.Spend(4L * next.Count);
        var alive = Alive(width, next, accepts);
        if (accepts.Count == 0 || !alive[0]) return new CharAutomaton(classes, [], []);

        var numbers = new int[accepts.Count];
        var count = 0;
        for (var state = 0; state < numbers.Length; state++) numbers[state] = alive[state] ? count++ : Dead;
        budget.Allocate(4L * count * width);
        var table = new int[count * width];
        var accepting = new bool[count];
        for (var state = 0; state < numbers.Length; state++)
        {
            if (!alive[state]) continue;
            accepting[numbers[state]] = accepts[state];
            for (var c = 0; c < width; c++)
            {
                var target = next[(state * width) + c];
                table[(numbers[state] * width) + c] = c == 0 || target == Dead ? Dead : numbers[target];
            }
        }

        return new CharAutomaton(classes, table, accepting);
    }

    /// <summary>Whether it accepts a text.</summary>
    public bool IsMatch(string text)
    {
        if (IsEmpty) return false;
        var state = 0;
        foreach (var rune in text.EnumerateRunes())
        {
            state = Next(state, Classes.ClassOf(rune.Value));
            if (state == Dead) return false;
        }

        return _accepts[state];
    }

    /// <summary>
    /// Whether it accepts a finite number of texts, and whether there is a beginning after which only a finite number can follow.
    /// </summary>
    public (bool IsFinite, bool HasFiniteEnds) Finiteness()
    {
        // States are taken away that lead to no other one that is left. What remains leads to a loop.
        var before = Reversed(Classes.Count, _next, States, [.. Enumerable.Range(0, Classes.Count)]);
        var targets = new int[States];
        Stack<int> left = [];
        for (var state = 0; state < States; state++)
        {
            for (var c = 0; c < Classes.Count; c++)
                if (Next(state, c) != Dead) targets[state]++;
            if (targets[state] == 0) left.Push(state);
        }

        var taken = 0;
        for (; left.TryPop(out var state); taken++)
        {
            foreach (var source in before.SourcesOf(state))
                if (--targets[source] == 0) left.Push(source);
        }

        return (taken == States, taken > 0);
    }

    /// <summary>
    /// From each state: a number of characters such that any so many of them lead to a state, when none is a control character, a quotation
    /// mark or a backslash. <see cref="int.MaxValue"/> if any number of them does.
    /// </summary>
    public int[] FreeRuns() => _freeRuns ??= ComputeFreeRuns();

    private int[] ComputeFreeRuns()
    {
        var plain = PlainClasses();
        var runs = new int[States];
        Array.Fill(runs, int.MaxValue);
        var before = Reversed(Classes.Count, _next, States, plain);
        Queue<int> left = [];
        for (var state = 0; state < States; state++)
        {
            if (!plain.Any(c => Next(state, c) == Dead)) continue;
            runs[state] = 0;
            left.Enqueue(state);
        }

        while (left.TryDequeue(out var state))
        {
            foreach (var source in before.SourcesOf(state))
            {
                if (runs[source] != int.MaxValue) continue;
                runs[source] = runs[state] + 1;
                left.Enqueue(source);
            }
        }

        return runs;
    }

    private List<int> PlainClasses()
    {
        HashSet<int> plain = [];
        for (var i = 0; i < Classes.Intervals; i++)
            if (HasPlain(Classes.StartOf(i), Classes.EndOf(i))) plain.Add(Classes.ClassAt(i));
        plain.Remove(0);
        return [.. plain];
    }

    private static bool HasPlain(int from, int to) =>
        to >= ' ' && !(from == to && (from is '"' or '\\'));

    private static bool[] Alive(int width, List<int> next, List<bool> accepts)
    {
        var before = Reversed(width, next, accepts.Count, [.. Enumerable.Range(0, width)]);
        var alive = new bool[accepts.Count];
        Stack<int> left = [];
        for (var state = 0; state < alive.Length; state++)
        {
            if (!accepts[state]) continue;
            alive[state] = true;
            left.Push(state);
        }

        while (left.TryPop(out var state))
        {
            foreach (var source in before.SourcesOf(state))
            {
                if (alive[source]) continue;
                alive[source] = true;
                left.Push(source);
            }
        }

        return alive;
    }

    private static ReversedEdges Reversed(int width, IReadOnlyList<int> next, int states, List<int> classes)
    {
        var starts = new int[states + 2];
        for (var state = 0; state < states; state++)
        {
            foreach (var c in classes)
                if (next[(state * width) + c] is var target and not Dead) starts[target + 2]++;
        }

        for (var i = 2; i < starts.Length; i++) starts[i] += starts[i - 1];
        var sources = new int[starts[^1]];
        for (var state = 0; state < states; state++)
        {
            foreach (var c in classes)
                if (next[(state * width) + c] is var target and not Dead) sources[starts[target + 1]++] = state;
        }

        return new ReversedEdges(starts, sources);
    }

    /// <summary>For each state the states from which an edge leads to it.</summary>
    private readonly record struct ReversedEdges(int[] Starts, int[] Sources)
    {
        public ReadOnlySpan<int> SourcesOf(int state) => Sources.AsSpan(Starts[state]..Starts[state + 1]);
    }
}
