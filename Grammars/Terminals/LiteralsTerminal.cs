namespace AiPlatform.Grammars.Terminals;

/// <summary>
/// One of several texts, sorted. A state stands for all texts that begin with what was read: it is a position in the first of them.
/// </summary>
internal sealed class LiteralsTerminal : Terminal
{
    private readonly byte[][] _texts;

    /// <summary>The state of the beginning of each text; each has a state for each of its bytes, and one for its end.</summary>
    private readonly int[] _starts;

    /// <param name="texts">The texts, at least one.</param>
    public LiteralsTerminal(IEnumerable<byte[]> texts)
    {
        List<byte[]> sorted = [.. texts];
        sorted.Sort((a, b) => a.AsSpan().SequenceCompareTo(b));
        _texts = [.. sorted.Where((text, i) => i == 0 || !text.AsSpan().SequenceEqual(sorted[i - 1]))];
        _starts = new int[_texts.Length];
        for (var i = 1; i < _texts.Length; i++) _starts[i] = _starts[i - 1] + _texts[i - 1].Length + 1;
    }

    public override int Start => 0;

    public override int Step(int state, byte value)
    {
        var (from, length) = PlaceOf(state);
        var to = EndOf(from, length);
        // A text that ends here is the first of its range.
        if (_texts[from].Length == length) from++;
        var found = FirstWith(from, to, length, value);
        return found < to && _texts[found][length] == value ? _starts[found] + length + 1 : Dead;
    }

    public override bool Accepts(int state)
    {
        var (from, length) = PlaceOf(state);
        return _texts[from].Length == length;
    }

    public override bool Continues(int state)
    {
        var (from, length) = PlaceOf(state);
        return _texts[from].Length > length || EndOf(from, length) > from + 1;
    }

    public override int OnlyByte(int state)
    {
        var (from, length) = PlaceOf(state);
        var to = EndOf(from, length);
        if (_texts[from].Length == length) from++;
        return from < to && _texts[from][length] == _texts[to - 1][length] ? _texts[from][length] : -1;
    }

    private (int Text, int Length) PlaceOf(int state)
    {
        var found = Array.BinarySearch(_starts, state);
        var text = found >= 0 ? found : ~found - 1;
        return (text, state - _starts[text]);
    }

    /// <summary>The first text behind those that begin like this one.</summary>
    private int EndOf(int text, int length)
    {
        var prefix = _texts[text].AsSpan(0, length);
        var (from, to) = (text + 1, _texts.Length);
        while (from < to)
        {
            var middle = (from + to) / 2;
            if (_texts[middle].AsSpan().StartsWith(prefix)) from = middle + 1;
            else to = middle;
        }

        return from;
    }

    private int FirstWith(int from, int to, int at, byte value)
    {
        while (from < to)
        {
            var middle = (from + to) / 2;
            if (_texts[middle][at] < value) from = middle + 1;
            else to = middle;
        }

        return from;
    }
}
