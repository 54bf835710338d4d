using System.Globalization;
using System.Text;

namespace AiPlatform.ServiceDefaults.Telemetry;

/// <summary>
/// Makes text from a file or a setting safe for a terminal and a log line: it can neither control the terminal nor begin a new line.
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

    /// <summary>
    /// Whether a character is printable. Half of a surrogate pair is enumerated as the replacement character, which is printable.
    /// </summary>
    private static bool IsPrintable(Rune rune) => Rune.GetUnicodeCategory(rune) is not (
        UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator);
}
