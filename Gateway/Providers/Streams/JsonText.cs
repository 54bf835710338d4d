using System.Globalization;
using System.Text;

namespace AiPlatform.Gateway.Providers.Streams;

/// <summary>
/// Reads strings of JSON as JavaScript does: half of a surrogate pair is a character like any other. Servers that cut a text between two
/// of JavaScript's characters send an emoji as two halves; together they are right again.
/// </summary>
internal static class JsonText
{
    /// <param name="text">What the string says is added to it.</param>
    /// <param name="literal">The string as it stands in valid JSON of valid UTF-8, quotes included.</param>
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

    /// <summary>Whether no half of a surrogate pair stands alone.</summary>
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
