namespace AiPlatform.InferenceWorker.Text.Jinja.Values;

/// <summary>Python's definitions of white space and line breaks.</summary>
internal static class PythonStrings
{
    /// <summary>All characters for which <c>str.isspace</c> holds.</summary>
    public static readonly char[] Blanks = [.. Enumerable.Range(0, 0x10000).Select(unit => (char)unit).Where(IsBlank)];

    public static bool IsBlank(char unit) => char.IsWhiteSpace(unit) || unit is >= '\u001c' and <= '\u001f';

    /// <summary>Whether a text is not empty and has only white space.</summary>
    public static bool IsBlank(ReadOnlySpan<char> text)
    {
        foreach (char unit in text)
        {
            if (!IsBlank(unit))
                return false;
        }

        return !text.IsEmpty;
    }

    /// <summary>The lines of a text, without their breaks.</summary>
    public static List<JinjaText> Lines(JinjaText text, bool keepsEnds = false)
    {
        var lines = new List<JinjaText>();
        string value = text.Value;
        int start = 0;
        for (int i = 0; i < value.Length; i++)
        {
            if (value[i] is not ('\n' or '\r' or '\v' or '\f' or (>= '\u001c' and <= '\u001e') or '\u0085' or '\u2028' or '\u2029'))
                continue;
            int next = value[i] == '\r' && i + 1 < value.Length && value[i + 1] == '\n' ? i + 2 : i + 1;
            lines.Add(text.Slice(start, (keepsEnds ? next : i) - start));
            start = next;
            i = next - 1;
        }

        if (start < value.Length)
            lines.Add(text.Slice(start, value.Length - start));
        return lines;
    }
}
