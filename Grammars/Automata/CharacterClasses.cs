using AiPlatform.Grammars.Patterns;

namespace AiPlatform.Grammars.Automata;

/// <summary>
/// Code points in classes: an automaton treats the code points of one class alike. Class 0 are the surrogates, which no text in UTF-8 has.
/// </summary>
internal sealed class CharacterClasses
{
    public const int LastCodePoint = 0x10FFFF;
    public const int FirstSurrogate = 0xD800;
    public const int AfterSurrogates = 0xE000;

    private const int Ascii = 128;

    private readonly int[] _starts;
    private readonly int[] _classes;
    private readonly int[] _ascii = new int[Ascii];

    private CharacterClasses(int[] starts, int[] classes, int count)
    {
        (_starts, _classes, Count) = (starts, classes, count);
        for (var c = 0; c < Ascii; c++) _ascii[c] = classes[IntervalOf(c)];
    }

    /// <summary>All code points in one class.</summary>
    public static readonly CharacterClasses One = new([0, FirstSurrogate, AfterSurrogates], [1, 0, 1], 2);

    /// <summary>The number of classes, class 0 included.</summary>
    public int Count { get; }

    /// <summary>The number of intervals of code points; the code points of an interval are of one class.</summary>
    public int Intervals => _starts.Length;

    public int StartOf(int interval) => _starts[interval];

    public int EndOf(int interval) => interval + 1 < _starts.Length ? _starts[interval + 1] - 1 : LastCodePoint;

    public int ClassAt(int interval) => _classes[interval];

    public int ClassOf(int codePoint) => codePoint < Ascii ? _ascii[codePoint] : _classes[IntervalOf(codePoint)];

    public int IntervalOf(int codePoint)
    {
        var found = Array.BinarySearch(_starts, codePoint);
        return found >= 0 ? found : ~found - 1;
    }

    /// <summary>The coarsest classes that tell these sets apart.</summary>
    /// <param name="sets">Each a set, as ranges in ascending order.</param>
    /// <param name="budget">The budget.</param>
    public static CharacterClasses Of(IReadOnlyList<IReadOnlyList<(int From, int To)>> sets, CompileBudget budget)
    {
        SortedSet<int> cuts = [0, FirstSurrogate, AfterSurrogates];
        foreach (var set in sets)
        {
            budget.Spend(10 * set.Count);
            foreach (var (from, to) in set)
            {
                cuts.Add(from);
                if (to < LastCodePoint) cuts.Add(to + 1);
            }
        }

        int[] starts = [.. cuts];
        var classes = new int[starts.Length];
        Array.Fill(classes, 1);
        classes[Array.BinarySearch(starts, FirstSurrogate)] = 0;
        for (var at = Array.BinarySearch(starts, FirstSurrogate); starts[at] < AfterSurrogates; at++) classes[at] = 0;
        var count = 2;
        Dictionary<int, int> split = [];
        foreach (var set in sets)
        {
            split.Clear();
            foreach (var (from, to) in set)
            {
                for (var at = Array.BinarySearch(starts, from); at < starts.Length && starts[at] <= to; at++)
                {
                    budget.Spend(1);
                    if (classes[at] == 0) continue;
                    if (!split.TryGetValue(classes[at], out var inside)) split[classes[at]] = inside = count++;
                    classes[at] = inside;
                }
            }
        }

        return Renumbered(starts, classes);
    }

    /// <summary>The classes that tell apart what either tells apart, and for each the class of both.</summary>
    public static (CharacterClasses Classes, (int First, int Second)[] Pairs) Merge(
        CharacterClasses first, CharacterClasses second, CompileBudget budget)
    {
        budget.Spend(20L * (first.Intervals + second.Intervals));
        List<int> starts = [];
        List<int> classes = [];
        Dictionary<(int, int), int> known = new() { [(0, 0)] = 0 };
        for (int i = 0, j = 0, at = 0; at <= LastCodePoint;)
        {
            var pair = (first.ClassAt(i), second.ClassAt(j));
            if (!known.TryGetValue(pair, out var number)) known[pair] = number = known.Count;
            starts.Add(at);
            classes.Add(number);
            var (endOfFirst, endOfSecond) = (first.EndOf(i), second.EndOf(j));
            at = Math.Min(endOfFirst, endOfSecond) + 1;
            if (endOfFirst < at) i++;
            if (endOfSecond < at) j++;
        }

        return (new CharacterClasses([.. starts], [.. classes], known.Count), [.. known.OrderBy(one => one.Value).Select(one => one.Key)]);
    }

    /// <summary>The ranges of a set of a pattern, in ascending order.</summary>
    public static IReadOnlyList<(int From, int To)> RangesOf(CharacterSet set) => set.Ranges;

    private static CharacterClasses Renumbered(int[] starts, int[] classes)
    {
        Dictionary<int, int> numbers = new() { [0] = 0 };
        List<int> merged = [];
        List<int> mergedClasses = [];
        for (var i = 0; i < starts.Length; i++)
        {
            if (!numbers.TryGetValue(classes[i], out var number)) numbers[classes[i]] = number = numbers.Count;
            if (mergedClasses.Count > 0 && mergedClasses[^1] == number) continue;
            merged.Add(starts[i]);
            mergedClasses.Add(number);
        }

        return new CharacterClasses([.. merged], [.. mergedClasses], numbers.Count);
    }
}
