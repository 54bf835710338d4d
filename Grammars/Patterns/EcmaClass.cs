using System.Collections.Frozen;

namespace AiPlatform.Grammars.Patterns;

/// <summary>
/// The named character classes of ECMAScript: <c>\d</c> and <c>\w</c> are ASCII, <c>\s</c> is a list, <c>\p</c> names categories.
/// </summary>
internal static class EcmaClass
{
    private const int LastCodePoint = 0x10FFFF;
    private const uint AllCategories = (1u << 30) - 1;

    private static readonly (int From, int To)[] Digits = [('0', '9')];
    private static readonly (int From, int To)[] Words = [('0', '9'), ('A', 'Z'), ('_', '_'), ('a', 'z')];

    private static readonly (int From, int To)[] Spaces =
    [
        (0x09, 0x0D), (' ', ' '), (0xA0, 0xA0), (0x1680, 0x1680), (0x2000, 0x200A), (0x2028, 0x2029), (0x202F, 0x202F), (0x205F, 0x205F),
        (0x3000, 0x3000), (0xFEFF, 0xFEFF),
    ];

    /// <summary>The characters that <c>.</c> matches.</summary>
    public static readonly CharacterSet AnyButLineEnds = new([('\n', '\n'), ('\r', '\r'), (0x2028, 0x2029)], isNegated: true);

    /// <summary>Short names of the general categories, in the order of their numbers.</summary>
    private static readonly string[] ShortNames =
        "Lu Ll Lt Lm Lo Mn Mc Me Nd Nl No Zs Zl Zp Cc Cf Cs Co Pc Pd Ps Pe Pi Pf Po Sm Sc Sk So Cn".Split(' ');

    private static readonly FrozenDictionary<string, string> LongNames = (
        "Letter=L Cased_Letter=LC Uppercase_Letter=Lu Lowercase_Letter=Ll Titlecase_Letter=Lt Modifier_Letter=Lm Other_Letter=Lo Mark=M "
        + "Combining_Mark=M Nonspacing_Mark=Mn Spacing_Mark=Mc Enclosing_Mark=Me Number=N Decimal_Number=Nd digit=Nd Letter_Number=Nl "
        + "Other_Number=No Punctuation=P punct=P Connector_Punctuation=Pc Dash_Punctuation=Pd Open_Punctuation=Ps Close_Punctuation=Pe "
        + "Initial_Punctuation=Pi Final_Punctuation=Pf Other_Punctuation=Po Symbol=S Math_Symbol=Sm Currency_Symbol=Sc Modifier_Symbol=Sk "
        + "Other_Symbol=So Separator=Z Space_Separator=Zs Line_Separator=Zl Paragraph_Separator=Zp Other=C Control=Cc cntrl=Cc Format=Cf "
        + "Surrogate=Cs Private_Use=Co Unassigned=Cn")
        .Split(' ').Select(pair => pair.Split('=')).ToFrozenDictionary(pair => pair[0], pair => pair[1]);

    private static readonly FrozenDictionary<char, CharacterSet> Sets =
        "dDwWsS".ToFrozenDictionary(c => c, c => new CharacterSet(RangesOf(c)));

    /// <summary>The set of <c>\d</c>, <c>\w</c> or <c>\s</c>, or its complement for the capital letter.</summary>
    public static CharacterSet SetOf(char letter) => Sets[letter];

    /// <summary>The ranges of <c>\d</c>, <c>\w</c> or <c>\s</c>, or of its complement for the capital letter.</summary>
    public static IEnumerable<(int From, int To)> RangesOf(char letter)
    {
        var ranges = char.ToLowerInvariant(letter) switch { 'd' => Digits, 'w' => Words, _ => Spaces };
        return char.IsAsciiLetterUpper(letter) ? Complement(ranges) : ranges;
    }

    /// <summary>A bit for each category of a name in <c>\p{…}</c>; 0 for an unknown name.</summary>
    public static uint CategoriesOf(string name)
    {
        name = LongNames.GetValueOrDefault(name, name);
        uint found = 0;
        for (var i = 0; i < ShortNames.Length; i++)
        {
            var isMeant = name == "LC" ? ShortNames[i] is "Lu" or "Ll" or "Lt"
                : name.Length == 1 ? ShortNames[i][0] == name[0]
                : ShortNames[i] == name;
            if (isMeant) found |= 1u << i;
        }

        return found;
    }

    /// <summary>All categories but these.</summary>
    public static uint Complement(uint categories) => AllCategories & ~categories;

    /// <summary>Whether it is a character of <c>\w</c>; a negative number means that there is no character.</summary>
    public static bool IsWord(int codePoint) =>
        codePoint is >= 0 and < 128 && (char.IsAsciiLetterOrDigit((char)codePoint) || codePoint == '_');

    private static IEnumerable<(int From, int To)> Complement((int From, int To)[] ranges)
    {
        var from = 0;
        foreach (var range in ranges)
        {
            if (range.From > from) yield return (from, range.From - 1);
            from = range.To + 1;
        }

        yield return (from, LastCodePoint);
    }
}
