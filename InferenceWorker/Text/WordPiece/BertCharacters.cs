using System.Diagnostics;
using System.Globalization;

namespace AiPlatform.InferenceWorker.Text.WordPiece;

/// <summary>
/// The characters as the BERT normalizer and pre-tokenizer of Hugging Face <c>tokenizers</c> see them, read from the embedded
/// <c>bert-unicode.txt</c> (which says how it was made). .NET's own categories are of another Unicode version, and its
/// normalization needs ICU, which this product runs without.
/// </summary>
internal sealed class BertCharacters
{
    public const int CodePoints = 0x110000;
    public const int LongestDecomposition = 3;

    private const int HangulFirst = 0xAC00;
    private const int HangulLast = 0xD7A3;
    private const int HangulLeadFirst = 0x1100;
    private const int HangulVowelFirst = 0x1161;
    private const int HangulTailBefore = 0x11A7;
    private const int HangulVowels = 21;
    private const int HangulTails = 28;

    private static readonly Lazy<BertCharacters> Shared = new(() => new BertCharacters());

    private readonly CharacterTraits[] _traits = new CharacterTraits[CodePoints];
    private readonly Dictionary<int, int> _ranks = [];
    private readonly Dictionary<int, int[]> _lowercase = [];
    private readonly Dictionary<int, int[]> _decompositions = [];

    private BertCharacters()
    {
        using Stream data = typeof(BertCharacters).Assembly.GetManifestResourceStream("bert-unicode.txt")
            ?? throw new UnreachableException("bert-unicode.txt is not embedded. This is a bug.");
        using var reader = new StreamReader(data);

        CharacterTraits trait = CharacterTraits.None;
        while (reader.ReadLine() is { } line)
        {
            if (line.StartsWith('['))
                trait = TraitOf(line);
            else if (!line.StartsWith('#'))
                ReadItems(trait, line);
        }
    }

    public static BertCharacters Instance => Shared.Value;

    public CharacterTraits this[int codePoint] => _traits[codePoint];

    /// <summary>The rank in canonical order of a character with <see cref="CharacterTraits.Ordered"/>; 0 for any other.</summary>
    public int Rank(int codePoint) => (_traits[codePoint] & CharacterTraits.Ordered) != 0 ? _ranks[codePoint] : 0;

    /// <summary>Writes the lowercase (one character, or two for İ) and returns its length.</summary>
    public int Lowercase(int codePoint, Span<int> to) =>
        (_traits[codePoint] & CharacterTraits.Lowercases) != 0 ? Copy(_lowercase[codePoint], to) : Copy(codePoint, to);

    /// <summary>Writes the canonical decomposition without marks, which are dropped anyway, and returns its length.</summary>
    public int Decompose(int codePoint, Span<int> to)
    {
        if (codePoint is >= HangulFirst and <= HangulLast)
            return DecomposeHangul(codePoint - HangulFirst, to);
        return (_traits[codePoint] & CharacterTraits.Decomposes) != 0 ? Copy(_decompositions[codePoint], to) : Copy(codePoint, to);
    }

    private static int DecomposeHangul(int syllable, Span<int> to)
    {
        int tail = syllable % HangulTails;
        to[0] = HangulLeadFirst + (syllable / (HangulVowels * HangulTails));
        to[1] = HangulVowelFirst + (syllable / HangulTails % HangulVowels);
        if (tail == 0)
            return 2;
        to[2] = HangulTailBefore + tail;
        return 3;
    }

    private static int Copy(int codePoint, Span<int> to)
    {
        to[0] = codePoint;
        return 1;
    }

    private static int Copy(int[] codePoints, Span<int> to)
    {
        codePoints.CopyTo(to);
        return codePoints.Length;
    }

    private static CharacterTraits TraitOf(string section) => section switch
    {
        "[removed]" => CharacterTraits.Removed,
        "[white_space]" => CharacterTraits.WhiteSpace,
        "[punctuation]" => CharacterTraits.Punctuation,
        "[ideograph]" => CharacterTraits.Ideograph,
        "[mark]" => CharacterTraits.Mark,
        "[barrier]" => CharacterTraits.Barrier,
        "[order]" => CharacterTraits.Ordered,
        "[lowercase]" => CharacterTraits.Lowercases,
        "[decomposition]" => CharacterTraits.Decomposes,
        _ => throw new UnreachableException($"bert-unicode.txt has the unknown section {section}. This is a bug."),
    };

    private void ReadItems(CharacterTraits trait, ReadOnlySpan<char> line)
    {
        foreach (Range item in line.Split(' '))
            ReadItem(trait, line[item]);
    }

    // An item is 'from', 'from-to' or 'from-to/step', then nothing, '=' and the value of all, or ':' and the value of 'from'.
    private void ReadItem(CharacterTraits trait, ReadOnlySpan<char> item)
    {
        int valueAt = item.IndexOfAny('=', ':');
        ReadOnlySpan<char> range = valueAt < 0 ? item : item[..valueAt];
        int stepAt = range.IndexOf('/');
        int step = stepAt < 0 ? 1 : Hexadecimal(range[(stepAt + 1)..]);
        range = stepAt < 0 ? range : range[..stepAt];
        int dash = range.IndexOf('-');
        int from = Hexadecimal(dash < 0 ? range : range[..dash]);
        int to = dash < 0 ? from : Hexadecimal(range[(dash + 1)..]);
        int[] values = valueAt < 0 ? [] : Values(item[(valueAt + 1)..]);
        bool isShift = valueAt >= 0 && item[valueAt] == ':';

        for (int codePoint = from; codePoint <= to; codePoint += step)
        {
            _traits[codePoint] |= trait;
            if (valueAt >= 0)
                SetValue(trait, codePoint, isShift ? [values[0] + codePoint - from] : values);
        }
    }

    private void SetValue(CharacterTraits trait, int codePoint, int[] values)
    {
        if (trait == CharacterTraits.Ordered)
            _ranks[codePoint] = values[0];
        else if (trait == CharacterTraits.Lowercases)
            _lowercase[codePoint] = values;
        else
            _decompositions[codePoint] = values;
    }

    private static int[] Values(ReadOnlySpan<char> text)
    {
        var values = new List<int>(LongestDecomposition);
        foreach (Range part in text.Split('+'))
            values.Add(Hexadecimal(text[part]));
        return [.. values];
    }

    private static int Hexadecimal(ReadOnlySpan<char> digits) =>
        int.Parse(digits, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture);
}

/// <summary>The traits of a character for the BERT normalizer and pre-tokenizer.</summary>
[Flags]
internal enum CharacterTraits : ushort
{
    None = 0,

    /// <summary>Dropped by <c>clean_text</c>: control, format and private-use characters, U+0000 and U+FFFD.</summary>
    Removed = 1,

    /// <summary>Ends a word.</summary>
    WhiteSpace = 1 << 1,

    /// <summary>A word of its own.</summary>
    Punctuation = 1 << 2,

    /// <summary>A word of its own under <c>handle_chinese_chars</c>.</summary>
    Ideograph = 1 << 3,

    /// <summary>Dropped by <c>strip_accents</c>.</summary>
    Mark = 1 << 4,

    /// <summary>A mark over which no other character moves in canonical order.</summary>
    Barrier = 1 << 5,

    /// <summary>A combining character that <c>strip_accents</c> keeps and puts in canonical order.</summary>
    Ordered = 1 << 6,

    /// <summary>Has another lowercase.</summary>
    Lowercases = 1 << 7,

    /// <summary>Has a canonical decomposition that is not computed.</summary>
    Decomposes = 1 << 8,
}
