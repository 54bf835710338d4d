using System.Globalization;
using System.Text;

namespace AiPlatform.ServiceDefaults.Telemetry;

/// <summary>
/// Makes what a file or a setting says fit for a terminal and a log line: it can neither steer a terminal nor begin a line of its own.
/// </summary>
public static class PrintableText
{
    /// <summary>The text with control, format and line-separating characters written <c>\uXXXX</c>.</summary>
    public static string Of(string text)
    {
        foreach (var rune in text.EnumerateRunes())
            if (!IsPrintable(rune)) return Escaped(text);
        return text;
    }

    private static string Escaped(string text)
    {
        var printable = new StringBuilder(text.Length + 16);
        foreach (var rune in text.EnumerateRunes())
        {
            if (IsPrintable(rune)) printable.Append(rune.ToString());
            else printable.Append(CultureInfo.InvariantCulture, $"\\u{rune.Value:X4}");
        }

        return printable.ToString();
    }

    /// <summary>Half a surrogate pair is enumerated as the replacement character, which says what it is.</summary>
    private static bool IsPrintable(Rune rune) => Rune.GetUnicodeCategory(rune) is not (
        UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator);
}
