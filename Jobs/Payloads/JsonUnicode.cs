using System.Buffers.Text;
using System.Text.Unicode;

namespace AiPlatform.Jobs.Payloads;

/// <summary>
/// Checks that the strings of JSON are valid Unicode. JSON's grammar allows an escape that is half of a surrogate pair, which no reader can
/// turn into a string.
/// </summary>
public static class JsonUnicode
{
    private const int EscapeLength = 6;

    /// <summary>Whether every string and every name is valid Unicode.</summary>
    /// <param name="json">JSON that is valid apart from its encoding.</param>
    public static bool IsValid(ReadOnlySpan<byte> json) => Utf8.IsValid(json) && HalfPairAt(json) < 0;

    /// <summary>The index of the first escape that is half of a surrogate pair; -1 when there is none.</summary>
    /// <param name="json">JSON, which is valid up to this escape.</param>
    public static int HalfPairAt(ReadOnlySpan<byte> json)
    {
        // Every escape of a surrogate begins like this; most texts have none.
        if (json.IndexOf("\\ud"u8) < 0 && json.IndexOf("\\uD"u8) < 0) return -1;

        var at = 0;
        while (at < json.Length && json[at..].IndexOf((byte)'\\') is var next and >= 0)
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

    /// <summary>The length of a text as JSON Schema counts it: in code points, not in UTF-16 code units.</summary>
    public static int LengthOf(string text)
    {
        var length = text.Length;
        foreach (var unit in text)
            if (char.IsLowSurrogate(unit)) length--;
        return length;
    }

    /// <summary>The code unit of an escape such as <c>\ud83d</c> at the start; null if the text does not start with one.</summary>
    private static char? UnitAt(ReadOnlySpan<byte> json) =>
        json.Length >= EscapeLength && json[0] == '\\' && json[1] == 'u'
        && Utf8Parser.TryParse(json[2..EscapeLength], out ushort unit, out var read, 'x') && read == 4
            ? (char)unit : null;
}
