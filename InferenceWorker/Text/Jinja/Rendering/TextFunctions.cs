using System.Text.RegularExpressions;
using AiPlatform.InferenceWorker.Text.Jinja.Values;

namespace AiPlatform.InferenceWorker.Text.Jinja.Rendering;

/// <summary>String functions of filters and methods. The parts of a text keep their origin.</summary>
internal static partial class TextFunctions
{
    private const long MostWidth = 10_000;

    [GeneratedRegex(@"[-\s({\[<]+", RegexOptions.CultureInvariant)]
    private static partial Regex WordStarts { get; }

    public static JinjaText Trim(JinjaText text, JinjaText? characters, bool atStart = true, bool atEnd = true)
    {
        string value = text.Value;
        int start = 0;
        int end = value.Length;
        while (atStart && start < end && IsTrimmed(value[start]))
            start++;
        while (atEnd && end > start && IsTrimmed(value[end - 1]))
            end--;
        return text.Slice(start, end - start);

        bool IsTrimmed(char unit) =>
            characters is null ? PythonStrings.IsBlank(unit) : characters.Value.Contains(unit, StringComparison.Ordinal);
    }

    public static JinjaText Upper(JinjaText text) => text.With(text.Value.ToUpperInvariant());

    public static JinjaText Lower(JinjaText text) => text.With(text.Value.ToLowerInvariant());

    public static JinjaText Capitalize(JinjaText text) =>
        JinjaText.Concat(Upper(text.Slice(0, Math.Min(1, text.Value.Length))), Lower(text.Slice(Math.Min(1, text.Value.Length)..)));

    /// <summary>The filter <c>title</c>, whose words begin after blanks, hyphens and opening brackets.</summary>
    public static JinjaText TitleWords(JinjaText text)
    {
        var builder = new JinjaTextBuilder();
        int end = 0;
        foreach (Match match in WordStarts.Matches(text.Value))
        {
            builder.Append(Capitalize(text.Slice(end, match.Index - end)));
            builder.Append(text.Slice(match.Index, match.Length));
            end = match.Index + match.Length;
        }

        builder.Append(Capitalize(text.Slice(end..)));
        return builder.ToText();
    }

    /// <summary>The method <c>title</c>, whose words begin after every character that is not a letter.</summary>
    public static JinjaText Title(JinjaText text)
    {
        char[] units = text.Value.ToCharArray();
        for (int i = 0; i < units.Length; i++)
            units[i] = i > 0 && char.IsLetter(units[i - 1]) ? char.ToLowerInvariant(units[i]) : char.ToUpperInvariant(units[i]);
        return text.With(new string(units));
    }

    public static JinjaText Replace(JinjaText text, JinjaText old, JinjaText replacement, long most = -1)
    {
        var builder = new JinjaTextBuilder();
        if (old.Value.Length == 0)
        {
            foreach (JinjaText one in text.CodePoints())
            {
                if (most-- != 0)
                    builder.Append(replacement);
                builder.Append(one);
            }

            if (most != 0)
                builder.Append(replacement);
            return builder.ToText();
        }

        int start = 0;
        while (most-- != 0 && text.Value.IndexOf(old.Value, start, StringComparison.Ordinal) is >= 0 and int found)
        {
            builder.Append(text.Slice(start, found - start));
            builder.Append(replacement);
            start = found + old.Value.Length;
        }

        builder.Append(text.Slice(start..));
        return builder.ToText();
    }

    public static JinjaList Split(JinjaText text, JinjaText? separator, long most, bool fromEnd)
    {
        var parts = new List<object>();
        if (separator is { Value.Length: 0 })
            throw new RenderException("empty separator");
        if (most < 0)
            most = long.MaxValue;

        List<(int Start, int End)> gaps;
        if (separator is not null)
        {
            gaps = Places(text.Value, separator.Value, fromEnd);
        }
        else
        {
            text = Trim(text, null, atStart: !fromEnd, atEnd: fromEnd);
            gaps = Blanks(text.Value);
            bool hasOuter = gaps.Count > 0 && (fromEnd ? gaps[0].Start == 0 : gaps[^1].End == text.Value.Length);
            if (hasOuter && gaps.Count - 1 < most)
            {
                text = Trim(text, null);
                gaps = Blanks(text.Value);
            }

            if (text.Value.Length == 0)
                return new JinjaList([]);
        }

        if (gaps.Count > most)
            gaps = fromEnd ? gaps.GetRange(gaps.Count - (int)most, (int)most) : gaps.GetRange(0, (int)most);
        int from = 0;
        foreach ((int start, int end) in gaps)
        {
            parts.Add(text.Slice(from, start - from));
            from = end;
        }

        parts.Add(text.Slice(from..));
        return new JinjaList(parts);
    }

    public static JinjaText Indent(JinjaText text, JinjaText indention, bool first, bool blank)
    {
        List<JinjaText> lines = PythonStrings.Lines(JinjaText.Concat(text, JinjaText.Control("\n")));
        var builder = new JinjaTextBuilder();
        for (int i = 0; i < lines.Count; i++)
        {
            if (i > 0)
                builder.Append("\n", isContent: false);
            if (i == 0 ? first : blank || lines[i].Value.Length > 0)
                builder.Append(indention);
            builder.Append(lines[i]);
        }

        return builder.ToText();
    }

    public static JinjaText Spaces(long count) => count <= MostWidth
        ? JinjaText.Control(new string(' ', (int)Math.Max(0, count)))
        : throw new RenderException($"a width is {count}; the most is {MostWidth}");

    public static JinjaText Pad(JinjaText text, long width, JinjaText fill, bool atStart, bool atEnd)
    {
        long missing = width - text.Length;
        if (missing <= 0)
            return text;
        if (width > MostWidth)
            throw new RenderException($"a width is {width}; the most is {MostWidth}");
        long left = !atStart ? 0 : atEnd ? (missing / 2) + (missing & width & 1) : missing;
        var builder = new JinjaTextBuilder();
        for (long i = 0; i < left; i++)
            builder.Append(fill);
        builder.Append(text);
        for (long i = left; i < missing; i++)
            builder.Append(fill);
        return builder.ToText();
    }

    private static List<(int Start, int End)> Blanks(string text)
    {
        var gaps = new List<(int, int)>();
        for (int i = 0; i < text.Length; i++)
        {
            if (!PythonStrings.IsBlank(text[i]))
                continue;
            int start = i;
            while (i < text.Length && PythonStrings.IsBlank(text[i]))
                i++;
            gaps.Add((start, i));
        }

        return gaps;
    }

    private static List<(int Start, int End)> Places(string text, string separator, bool fromEnd)
    {
        var places = new List<(int, int)>();
        if (!fromEnd)
        {
            for (int at = 0; text.IndexOf(separator, at, StringComparison.Ordinal) is >= 0 and int found; at = found + separator.Length)
                places.Add((found, found + separator.Length));
            return places;
        }

        for (int end = text.Length; text.AsSpan(0, end).LastIndexOf(separator) is >= 0 and int found; end = found)
            places.Add((found, found + separator.Length));
        places.Reverse();
        return places;
    }
}
