using System.Runtime.InteropServices;
using AiPlatform.Grammars.Patterns;

namespace AiPlatform.Grammars.Automata;

/// <summary>
/// Builds the deterministic automaton of a regular expression in ECMAScript's dialect. A state is a set of states of the pattern's own
/// automaton, and what the character before was, which anchors and word boundaries ask for.
/// </summary>
internal sealed class PatternAutomaton
{
    private const int MaxPatternLength = 10_000;
    private const int MaxPatternStates = 10_000;
    private const int StepsOfCharacter = 60;
    private const int Start = 0;
    private const int NoWord = 1;
    private const int Word = 2;
    private const int End = 3;

    private readonly State[] _pattern;
    private readonly int _first;
    private readonly bool _isSearch;
    private readonly CompileBudget _budget;
    private readonly CharacterClasses _classes;
    private readonly bool[][] _members;
    private readonly int[] _setOf;
    private readonly bool[] _isWord;
    private readonly bool _asksForWords;
    private readonly bool _asksForStart;

    private readonly Dictionary<int[], int> _known = new(new SequenceComparer());
    private readonly List<int[]> _states = [];
    private readonly List<int> _next = [];
    private readonly List<bool> _accepts = [];
    private readonly int[] _visited;
    private readonly Stack<int> _open = [];
    private int _round;

    private PatternAutomaton(PatternNode pattern, bool isSearch, CompileBudget budget)
    {
        (_pattern, _first) = PatternProgram.Of(pattern);
        (_isSearch, _budget, _visited) = (isSearch, budget, new int[_pattern.Length]);
        _asksForWords = _pattern.Any(state => state.Kind is StateKind.WordEdge or StateKind.NoWordEdge);
        _asksForStart = _pattern.Any(state => state.Kind is StateKind.Start);
        (_classes, _members, _setOf) = Sets();
        _isWord = new bool[_classes.Count];
        for (var i = 0; i < _classes.Intervals; i++) _isWord[_classes.ClassAt(i)] = EcmaClass.IsWord(_classes.StartOf(i));
    }

    /// <param name="pattern">The pattern.</param>
    /// <param name="isSearch">Whether it matches anywhere in a text, as in JSON Schema, or the whole text only.</param>
    /// <param name="budget">The budget.</param>
    /// <exception cref="GrammarException">The pattern is invalid, too large, or needs what no automaton can do.</exception>
    public static CharAutomaton Of(string pattern, bool isSearch, CompileBudget budget)
    {
        if (pattern.Length > MaxPatternLength)
            throw new GrammarException($"The pattern has {pattern.Length} characters; the most are {MaxPatternLength}.");
        budget.Spend((long)pattern.Length * StepsOfCharacter);
        try
        {
            var parser = new PatternParser(pattern);
            var node = parser.Parse();
            if (parser.Beyond is { } beyond) throw new GrammarException($"The pattern uses {beyond}: a grammar cannot express that.");
            if (node.States > MaxPatternStates)
                throw new GrammarException($"The pattern has more than {MaxPatternStates} states when its counts are written out.");
            budget.Spend(node.States * 20L);
            return new PatternAutomaton(node, isSearch, budget).Build();
        }
        catch (PatternException invalid)
        {
            throw new GrammarException($"The pattern is invalid. {invalid.Message}");
        }
    }

    private CharAutomaton Build()
    {
        Enter([_first], Start);
        for (var at = 0; at < _states.Count; at++) AddEdges(at);
        return CharAutomaton.Of(_classes, _next, _accepts, _budget);
    }

    private void AddEdges(int at)
    {
        var state = _states[at];
        var previous = state[^1];
        List<int> waiting = [];
        if (state.Length == 1 && _isSearch)
        {
            // The pattern has matched: what follows does not matter.
            _accepts.Add(true);
            for (var c = 0; c < _classes.Count; c++) _next.Add(at);
            return;
        }

        _accepts.Add(Visit(state, previous, End, waiting));
        var matches = new bool[3];
        var lists = new List<int>?[3];
        for (var c = 0; c < _classes.Count; c++)
        {
            if (c == 0)
            {
                _next.Add(CharAutomaton.Dead);
                continue;
            }

            var current = _asksForWords && _isWord[c] ? Word : NoWord;
            if (lists[current] is not { } list) matches[current] = Visit(state, previous, current, lists[current] = list = []);
            if (_isSearch && matches[current]) _next.Add(Enter([], NoWord));
            else _next.Add(Follow(list, c, current));
        }
    }

    private int Follow(List<int> waiting, int characterClass, int current)
    {
        List<int> targets = _isSearch ? [_first] : [];
        _budget.Spend(waiting.Count + 4);
        foreach (var state in waiting)
            if (_members[_setOf[state]][characterClass]) targets.Add(_pattern[state].Next);
        if (targets.Count == 0) return CharAutomaton.Dead;
        targets.Sort();
        var kept = 0;
        for (var i = 0; i < targets.Count; i++)
            if (i == 0 || targets[i] != targets[i - 1]) targets[kept++] = targets[i];
        return Enter(CollectionsMarshal.AsSpan(targets)[..kept], current);
    }

    /// <summary>The number of a state. A set without members stands for a pattern that has matched.</summary>
    private int Enter(ReadOnlySpan<int> set, int previous)
    {
        var isTold = _asksForWords || (_asksForStart && previous == Start);
        int[] key = [.. set, isTold ? previous : NoWord];
        if (_known.TryGetValue(key, out var number)) return number;
        _budget.Spend(key.Length);
        _budget.Allocate(4L * key.Length);
        CharAutomata.TooLarge(_states.Count + 1, _classes.Count);
        _known[key] = number = _states.Count;
        _states.Add(key);
        return number;
    }

    /// <summary>Finds the states that wait for a character, and whether the pattern has matched.</summary>
    private bool Visit(int[] set, int previous, int current, List<int> waiting)
    {
        _round++;
        var matches = false;
        for (var i = 0; i < set.Length - 1; i++) _open.Push(set[i]);
        while (_open.TryPop(out var index))
        {
            if (_visited[index] == _round) continue;
            _visited[index] = _round;
            _budget.Spend(1);
            var state = _pattern[index];
            switch (state.Kind)
            {
                case StateKind.Match:
                    matches = true;
                    break;
                case StateKind.Character or StateKind.Class:
                    waiting.Add(index);
                    break;
                case StateKind.Split:
                    _open.Push(state.Other);
                    _open.Push(state.Next);
                    break;
                default:
                    if (IsAt(state.Kind, previous, current)) _open.Push(state.Next);
                    break;
            }
        }

        return matches;
    }

    private static bool IsAt(StateKind place, int previous, int current) => place switch
    {
        StateKind.Start => previous == Start,
        StateKind.End => current == End,
        StateKind.WordEdge => previous == Word != (current == Word),
        _ => previous == Word == (current == Word),
    };

    private (CharacterClasses Classes, bool[][] Members, int[] SetOf) Sets()
    {
        Dictionary<string, int> known = new(StringComparer.Ordinal);
        List<IReadOnlyList<(int From, int To)>> sets = [];
        var setOf = new int[_pattern.Length];
        for (var i = 0; i < _pattern.Length; i++)
        {
            var state = _pattern[i];
            if (state.Kind is not (StateKind.Character or StateKind.Class)) continue;
            var ranges = state.Kind == StateKind.Character ? [(state.Other, state.Other)] : CharacterClasses.RangesOf(state.Set!);
            _budget.Spend(50 + (20L * ranges.Count));
            var name = string.Join(',', ranges);
            if (!known.TryGetValue(name, out setOf[i]))
            {
                known[name] = setOf[i] = sets.Count;
                sets.Add(ranges);
            }
        }

        IReadOnlyList<(int, int)> words = [.. EcmaClass.RangesOf('w')];
        var classes = CharacterClasses.Of(_asksForWords ? [.. sets, words] : sets, _budget);
        var members = sets.Select(ranges => MembersOf(ranges, classes)).ToArray();
        return (classes, members, setOf);
    }

    private bool[] MembersOf(IReadOnlyList<(int From, int To)> ranges, CharacterClasses classes)
    {
        _budget.Spend(classes.Count);
        var members = new bool[classes.Count];
        foreach (var (from, to) in ranges)
        {
            for (var at = classes.IntervalOf(from); at < classes.Intervals && classes.StartOf(at) <= to; at++)
            {
                _budget.Spend(1);
                members[classes.ClassAt(at)] = true;
            }
        }

        members[0] = false;
        return members;
    }
}
