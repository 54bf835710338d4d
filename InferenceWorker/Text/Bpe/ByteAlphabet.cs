using System.Text;

namespace AiPlatform.InferenceWorker.Text.Bpe;

/// <summary>
/// The 256 characters that stand for bytes in byte-level vocabularies: printable bytes as themselves, others from U+0100 on.
/// </summary>
internal static class ByteAlphabet
{
    private static readonly char[] CharacterOfByte = MakeCharacters();
    private static readonly Dictionary<char, byte> ByteOfCharacter =
        CharacterOfByte.Index().ToDictionary(one => one.Item, one => (byte)one.Index);

    /// <summary>Writes a text's bytes in this alphabet.</summary>
    /// <returns>False when <paramref name="to"/> is too small.</returns>
    public static bool TryWrite(ReadOnlySpan<char> text, Span<char> to, out int length)
    {
        length = 0;
        Span<byte> bytes = stackalloc byte[4];
        foreach (Rune rune in text.EnumerateRunes())
        {
            int count = rune.EncodeToUtf8(bytes);
            if (count > to.Length - length)
                return false;
            foreach (byte one in bytes[..count])
                to[length++] = CharacterOfByte[one];
        }

        return true;
    }

    /// <summary>Writes bytes in this alphabet.</summary>
    public static string Write(ReadOnlySpan<byte> bytes)
    {
        var text = new StringBuilder(bytes.Length);
        foreach (byte one in bytes)
            text.Append(CharacterOfByte[one]);
        return text.ToString();
    }

    /// <summary>
    /// The bytes of a token. If a character of the token stands for no byte, such as a blank, the bytes are those of its own text.
    /// </summary>
    public static byte[] BytesOf(string token)
    {
        var bytes = new byte[token.Length];
        for (int i = 0; i < bytes.Length; i++)
        {
            if (!ByteOfCharacter.TryGetValue(token[i], out bytes[i]))
                return Encoding.UTF8.GetBytes(token);
        }

        return bytes;
    }

    private static char[] MakeCharacters()
    {
        var characters = new char[256];
        char next = '\u0100';
        for (int one = 0; one < characters.Length; one++)
            characters[one] = one is (>= '!' and <= '~') or (>= 0xA1 and <= 0xAC) or >= 0xAE ? (char)one : next++;
        return characters;
    }
}
