namespace AiPlatform.Grammars.Automata;

/// <summary>Makes automata from lengths, texts, and other automata.</summary>
internal static class CharAutomata
{
    /// <summary>The texts of a length.</summary>
    /// <param name="least">Least characters.</param>
    /// <param name="most">Most characters; null for any number.</param>
    /// <param name="budget">The budget.</param>
    public static CharAutomaton OfLength(int least, int? most, CompileBudget budget)
    {
        var last = most ?? least;
        if (last >= CharAutomaton.MaxStates)
            throw new GrammarException($"A length beside a pattern or format is at most {CharAutomaton.MaxStates - 1}.");
        List<int> next = [];
        List<bool> accepts = [];
        for (var length = 0; length <= last; length++)
        {
            accepts.Add(length >= least);
            next.AddRange([CharAutomaton.Dead, length < last ? length + 1 : most is null ? last : CharAutomaton.Dead]);
        }

        return CharAutomaton.Of(CharacterClasses.One, next, accepts, budget);
    }

    /// <summary>Some texts.</summary>
    public static CharAutomaton OfTexts(IReadOnlyCollection<string> texts, CompileBudget budget)
    {
        List<IReadOnlyList<(int From, int To)>> sets =
            [.. texts.SelectMany(text => text.EnumerateRunes()).Distinct().Select(rune => new[] { (rune.Value, rune.Value) })];
        budget.Spend(10L * texts.Sum(text => text.Length));
        var classes = CharacterClasses.Of(sets, budget);
        var width = classes.Count;
        List<int> next = [.. Enumerable.Repeat(CharAutomaton.Dead, width)];
        List<bool> accepts = [false];
        foreach (var text in texts)
        {
            var state = 0;
            foreach (var rune in text.EnumerateRunes())
            {
                var edge = (state * width) + classes.ClassOf(rune.Value);
                if (next[edge] == CharAutomaton.Dead)
                {
                    budget.Spend(width);
                    TooLarge(accepts.Count, width);
                    next[edge] = accepts.Count;
                    next.AddRange(Enumerable.Repeat(CharAutomaton.Dead, width));
                    accepts.Add(false);
                }

                state = next[edge];
            }

            accepts[state] = true;
        }

        return CharAutomaton.Of(classes, next, accepts, budget);
    }

    /// <summary>The texts that both accept.</summary>
    public static CharAutomaton Both(CharAutomaton first, CharAutomaton second, CompileBudget budget) =>
        Pair(first, second, (a, b) => a && b, secondMayEnd: false, budget);

    /// <summary>The texts that the first accepts and the second does not.</summary>
    public static CharAutomaton Except(CharAutomaton first, CharAutomaton second, CompileBudget budget) =>
        Pair(first, second, (a, b) => a && !b, secondMayEnd: true, budget);

    /// <summary>All texts that an automaton accepts; null if they are more than a number.</summary>
    public static IReadOnlyList<string>? TextsOf(CharAutomaton automaton, int most)
    {
        List<string> texts = [];
        if (automaton.IsEmpty) return texts;
        Stack<(int State, string Text)> left = new([(0, "")]);
        while (left.TryPop(out var at))
        {
            // Each state leads to a text, so more places than this mean more texts than wanted, or longer ones.
            if (texts.Count + left.Count >= most || at.Text.Length > most) return null;
            if (automaton.Accepts(at.State)) texts.Add(at.Text);
            for (var i = 0; i < automaton.Classes.Intervals; i++)
            {
                var target = automaton.Next(at.State, automaton.Classes.ClassAt(i));
                if (target == CharAutomaton.Dead) continue;
                if (automaton.Classes.EndOf(i) - automaton.Classes.StartOf(i) >= most) return null;
                for (var character = automaton.Classes.StartOf(i); character <= automaton.Classes.EndOf(i); character++)
                    left.Push((target, at.Text + char.ConvertFromUtf32(character)));
            }
        }

        texts.Sort(StringComparer.Ordinal);
        return texts;
    }

    private static CharAutomaton Pair(
        CharAutomaton first, CharAutomaton second, Func<bool, bool, bool> accept, bool secondMayEnd, CompileBudget budget)
    {
        if (first.IsEmpty || (second.IsEmpty && secondMayEnd)) return first;
        if (second.IsEmpty) return second;

        var (classes, pairs) = CharacterClasses.Merge(first.Classes, second.Classes, budget);
        Dictionary<(int, int), int> known = new() { [(0, 0)] = 0 };
        List<(int First, int Second)> states = [(0, 0)];
        List<int> next = [];
        List<bool> accepts = [];
        for (var at = 0; at < states.Count; at++)
        {
            var (a, b) = states[at];
            budget.Spend(8L * pairs.Length);
            TooLarge(states.Count, pairs.Length);
            accepts.Add(accept(first.Accepts(a), b != CharAutomaton.Dead && second.Accepts(b)));
            foreach (var (classOfFirst, classOfSecond) in pairs)
            {
                var target = (First: first.Next(a, classOfFirst), Second: b == CharAutomaton.Dead ? b : second.Next(b, classOfSecond));
                if (target.First == CharAutomaton.Dead || (target.Second == CharAutomaton.Dead && !secondMayEnd))
                {
                    next.Add(CharAutomaton.Dead);
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

        return CharAutomaton.Of(classes, next, accepts, budget);
    }

    /// <exception cref="GrammarException">An automaton would have too many states, or too many edges.</exception>
    public static void TooLarge(int states, int classes)
    {
        if (states > CharAutomaton.MaxStates || (long)states * classes > 50L * CharAutomaton.MaxStates)
            throw new GrammarException($"The pattern, length or names need an automaton of more than {states - 1} states: simplify them.");
    }
}
