using System.Globalization;
using System.Text;

namespace AiPlatform.Gateway.Providers.Streams;

/// <summary>
/// Reads JSON strings as JavaScript does: half of a surrogate pair is a character like any other. Servers that cut a text between two
/// UTF-16 code units send an emoji as two halves, which are valid again once they are put together.
/// </summary>
internal static class JsonText
{
    /// <param name="text">The text to append to.</param>
    /// <param name="literal">The string as it is written in valid JSON and UTF-8, including its quotes.</param>
    public static void AppendTo(StringBuilder text, ReadOnlySpan<byte> literal)
    {
        for (var rest = literal[1..^1]; !rest.IsEmpty;)
        {
            var plain = rest.IndexOf((byte)'\\');
            if (plain < 0) plain = rest.Length;
            text.Append(Encoding.UTF8.GetString(rest[..plain]));
            rest = rest[plain..];
            if (rest.IsEmpty) return;

            text.Append(rest[1] switch
            {
                (byte)'b' => '\b',
                (byte)'f' => '\f',
                (byte)'n' => '\n',
                (byte)'r' => '\r',
                (byte)'t' => '\t',
                (byte)'u' => (char)ushort.Parse(rest.Slice(2, 4), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture),
                var itself => (char)itself,
            });
            rest = rest[(rest[1] == 'u' ? 6 : 2)..];
        }
    }

    /// <summary>Whether the text has no unpaired half of a surrogate pair.</summary>
    public static bool IsWellFormed(ReadOnlySpan<char> text)
    {
        while (text.IndexOfAnyInRange('\uD800', '\uDFFF') is var at and >= 0)
        {
            if (at + 1 >= text.Length || !char.IsSurrogatePair(text[at], text[at + 1])) return false;
            text = text[(at + 2)..];
        }

        return true;
    }
}
