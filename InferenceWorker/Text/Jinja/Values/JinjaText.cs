using System.Text;

namespace AiPlatform.InferenceWorker.Text.Jinja.Values;

/// <summary>
/// A string that knows which of its parts come from messages (content) and which from the template (control text). Lengths and indexes
/// that a template sees count code points, as Python does.
/// </summary>
internal sealed class JinjaText
{
    public static readonly JinjaText Empty = new("", []);

    private readonly TextRun[] _runs;

    private JinjaText(string value, TextRun[] runs)
    {
        Value = value;
        _runs = runs;
    }

    public string Value { get; }

    /// <summary>The parts in order; each ends where the next begins.</summary>
    public ReadOnlySpan<TextRun> Runs => _runs;

    /// <summary>Whether any part is content.</summary>
    public bool HasContent => _runs.Any(run => run.IsContent);

    public static JinjaText Of(string value, bool isContent) =>
        value.Length == 0 ? Empty : new JinjaText(value, [new TextRun(value.Length, isContent)]);

    public static JinjaText Control(string value) => Of(value, isContent: false);

    public static JinjaText Concat(params ReadOnlySpan<JinjaText> parts)
    {
        var builder = new JinjaTextBuilder();
        foreach (JinjaText part in parts)
            builder.Append(part);
        return builder.ToText();
    }

    /// <summary>A substring by code units.</summary>
    public JinjaText Slice(int start, int length)
    {
        if (length == 0)
            return Empty;
        if (length == Value.Length)
            return this;

        int end = start + length;
        int first = FirstRunAfter(start);
        var runs = new List<TextRun>();
        for (int i = first; i < _runs.Length && (i == first || _runs[i - 1].End < end); i++)
            runs.Add(_runs[i] with { End = Math.Min(_runs[i].End, end) - start });

        return new JinjaText(Value.Substring(start, length), [.. runs]);
    }

    public JinjaText Slice(Range range)
    {
        (int offset, int length) = range.GetOffsetAndLength(Value.Length);
        return Slice(offset, length);
    }

    /// <summary>
    /// Replaces the string. If the new one has the same length, the parts stay; otherwise all of it is content if any part was.
    /// </summary>
    public JinjaText With(string value) => value.Length == Value.Length ? new JinjaText(value, _runs) : Of(value, HasContent);

    /// <summary>The start of each code point, and the end; null if each code point is one code unit.</summary>
    public int[]? CodePointStarts()
    {
        if (!Value.AsSpan().ContainsAnyInRange('\uD800', '\uDFFF'))
            return null;

        var starts = new List<int>(Value.Length + 1);
        int at = 0;
        foreach (Rune rune in Value.EnumerateRunes())
        {
            starts.Add(at);
            at += rune.Utf16SequenceLength;
        }

        starts.Add(Value.Length);
        return [.. starts];
    }

    /// <summary>Number of code points.</summary>
    public int Length => CodePointStarts() is { } starts ? starts.Length - 1 : Value.Length;

    /// <summary>The code points one by one.</summary>
    public IEnumerable<JinjaText> CodePoints()
    {
        int[]? starts = CodePointStarts();
        int count = starts is null ? Value.Length : starts.Length - 1;
        for (int i = 0; i < count; i++)
            yield return starts is null ? Slice(i, 1) : Slice(starts[i], starts[i + 1] - starts[i]);
    }

    public override string ToString() => Value;

    private int FirstRunAfter(int start)
    {
        int low = 0;
        int high = _runs.Length - 1;
        while (low < high)
        {
            int middle = (low + high) / 2;
            if (_runs[middle].End > start)
                high = middle;
            else
                low = middle + 1;
        }

        return low;
    }

    internal static JinjaText FromRuns(string value, List<TextRun> runs) => value.Length == 0 ? Empty : new JinjaText(value, [.. runs]);
}

/// <param name="End">The end of the part, in code units.</param>
/// <param name="IsContent">Whether it comes from a message.</param>
internal readonly record struct TextRun(int End, bool IsContent);

/// <summary>Joins texts and keeps the origin of their parts. The length is bounded, which bounds everything that multiplies text.</summary>
internal sealed class JinjaTextBuilder
{
    private const int MostLength = 1 << 22;

    private readonly StringBuilder _value = new();
    private readonly List<TextRun> _runs = [];

    public int Length => _value.Length;

    public void Append(JinjaText text)
    {
        CheckRoom(text.Value);
        int before = _value.Length;
        _value.Append(text.Value);
        foreach (TextRun run in text.Runs)
            Add(before + run.End, run.IsContent);
    }

    public void Append(string value, bool isContent)
    {
        if (value.Length == 0)
            return;
        CheckRoom(value);
        _value.Append(value);
        Add(_value.Length, isContent);
    }

    public JinjaText ToText() => JinjaText.FromRuns(_value.ToString(), _runs);

    private void CheckRoom(string value)
    {
        if (value.Length > MostLength - _value.Length)
            throw new RenderException($"a text has more than {MostLength} characters");
    }

    private void Add(int end, bool isContent)
    {
        if (_runs.Count > 0 && _runs[^1].IsContent == isContent)
            _runs[^1] = new TextRun(end, isContent);
        else
            _runs.Add(new TextRun(end, isContent));
    }
}
