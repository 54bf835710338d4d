using System.Buffers.Text;
using System.Text.Unicode;

namespace AiPlatform.Jobs.Payloads;

/// <summary>
/// Whether the text in JSON is text. JSON's grammar lets an escape be half of a surrogate pair, which no reader can make a string of.
/// </summary>
public static class JsonUnicode
{
    private const int EscapeLength = 6;

    /// <summary>Whether every string and every name is valid Unicode.</summary>
    /// <param name="json">Valid JSON, but for its encoding.</param>
    public static bool IsValid(ReadOnlySpan<byte> json) => Utf8.IsValid(json) && HalfPairAt(json) < 0;

    /// <summary>Where the first escape stands that is half of a surrogate pair; -1 when there is none.</summary>
    /// <param name="json">Valid JSON.</param>
    public static int HalfPairAt(ReadOnlySpan<byte> json)
    {
        // Every escape of a surrogate begins like this, and most texts have none.
        if (json.IndexOf("\\ud"u8) < 0 && json.IndexOf("\\uD"u8) < 0) return -1;

        var at = 0;
        while (json[at..].IndexOf((byte)'\\') is var next and >= 0)
        {
            at += next;
            if (UnitAt(json[at..]) is not { } unit || !char.IsSurrogate(unit))
            {
                at += 2;
                continue;
            }

            var isPair = char.IsHighSurrogate(unit) && UnitAt(json[(at + EscapeLength)..]) is { } other && char.IsLowSurrogate(other);
            if (!isPair) return at;
            at += 2 * EscapeLength;
        }

        return -1;
    }

    /// <summary>How many characters a text has, as JSON Schema and its users count them: code points, not UTF-16's units.</summary>
    public static int LengthOf(string text)
    {
        var length = text.Length;
        foreach (var unit in text)
            if (char.IsLowSurrogate(unit)) length--;
        return length;
    }

    /// <summary>The code unit of an escape such as <c>\ud83d</c> that stands at the start; null for anything else.</summary>
    private static char? UnitAt(ReadOnlySpan<byte> json) =>
        json.Length >= EscapeLength && json[0] == '\\' && json[1] == 'u'
        && Utf8Parser.TryParse(json[2..EscapeLength], out ushort unit, out var read, 'x') && read == 4
            ? (char)unit : null;
}
