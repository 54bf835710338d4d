using System.Collections.Frozen;
using System.Globalization;

namespace AiPlatform.Gateway.StructuredOutput.JsonSchema;

/// <summary>What stands behind a backslash in an ECMAScript pattern, in .NET's dialect.</summary>
/// <param name="Text">The escape itself, for a place outside of classes or in one; null for a set or a pair.</param>
/// <param name="Class">A set of characters, without brackets.</param>
/// <param name="IsNegated">Whether all but the set are meant.</param>
/// <param name="Pair">One character beyond 16 bits.</param>
internal readonly record struct EcmaEscape(string? Text, string? Class = null, bool IsNegated = false, string? Pair = null)
{
    private const string Digit = "0-9";
    private const string Word = "a-zA-Z0-9_";
    private const string Space = @"\t\n\v\f\r \u00A0\u1680\u2000-\u200A\u2028\u2029\u202F\u205F\u3000\uFEFF";

    private static readonly FrozenDictionary<string, string> Complements = new Dictionary<string, string>
    {
        [Digit] = @"\x00-\x2F\x3A-\uD7FF\uE000-\uFFFF",
        [Word] = @"\x00-\x2F\x3A-\x40\x5B-\x5E\x60\x7B-\uD7FF\uE000-\uFFFF",
        [Space] = @"\x00-\x08\x0E-\x1F!-\u009F\u00A1-\u167F\u1681-\u1FFF\u200B-\u2027\u202A-\u202E\u2030-\u205E\u2060-\u2FFF\u3001-\uD7FF\uE000-\uFEFE\uFF00-\uFFFF",
    }.ToFrozenDictionary();

    /// <summary>Long names of general categories; .NET knows the short ones.</summary>
    private static readonly FrozenDictionary<string, string> Categories = (
        "Letter=L Uppercase_Letter=Lu Lowercase_Letter=Ll Titlecase_Letter=Lt Modifier_Letter=Lm Other_Letter=Lo Mark=M Combining_Mark=M "
        + "Nonspacing_Mark=Mn Spacing_Mark=Mc Enclosing_Mark=Me Number=N Decimal_Number=Nd digit=Nd Letter_Number=Nl Other_Number=No "
        + "Punctuation=P punct=P Connector_Punctuation=Pc Dash_Punctuation=Pd Open_Punctuation=Ps Close_Punctuation=Pe Initial_Punctuation=Pi "
        + "Final_Punctuation=Pf Other_Punctuation=Po Symbol=S Math_Symbol=Sm Currency_Symbol=Sc Modifier_Symbol=Sk Other_Symbol=So "
        + "Separator=Z Space_Separator=Zs Line_Separator=Zl Paragraph_Separator=Zp Other=C Control=Cc cntrl=Cc Format=Cf Surrogate=Cs "
        + "Private_Use=Co Unassigned=Cn").Split(' ').Select(pair => pair.Split('=')).ToFrozenDictionary(pair => pair[0], pair => pair[1]);

    /// <param name="pattern">The pattern.</param>
    /// <param name="at">Where the backslash stands; afterwards, what is behind the escape.</param>
    /// <param name="inClass">Whether it stands in a class.</param>
    /// <exception cref="ArgumentException">There is no such escape.</exception>
    public static EcmaEscape Read(string pattern, ref int at, bool inClass = false)
    {
        if (++at == pattern.Length) throw new ArgumentException("It ends in a backslash.");

        var c = pattern[at++];
        switch (c)
        {
            case 'd' or 'D': return new EcmaEscape(null, Digit, c == 'D');
            case 'w' or 'W': return new EcmaEscape(null, Word, c == 'W');
            case 's' or 'S': return new EcmaEscape(null, Space, c == 'S');
            case 'p' or 'P': return ReadCategory(pattern, ref at, isNegated: c == 'P');
            case 'u': return ReadUnicode(pattern, ref at);
            case 'x': return new EcmaEscape($@"\x{ReadHex(pattern, ref at, 2):X2}");
            case 'c': return ReadControl(pattern, ref at);
            case '0' when at == pattern.Length || !char.IsAsciiDigit(pattern[at]): return new EcmaEscape(@"\x00");
            case 'b' when inClass: return new EcmaEscape(@"\x08");
            case 't' or 'n' or 'v' or 'f' or 'r' or 'b' or 'B' or 'k': return new EcmaEscape($@"\{c}");
            case >= '1' and <= '9' when !inClass: return new EcmaEscape($@"\{c}");
            case var _ when char.IsAsciiLetterOrDigit(c): throw new ArgumentException($@"\{c} is no escape.");
            case var _ when char.IsAscii(c): return new EcmaEscape($@"\{c}");
            default: throw new ArgumentException("A backslash stands before a character that needs none.");
        }
    }

    /// <summary>All characters of 16 bits that are not in the set.</summary>
    public static string Complement(string set) =>
        Complements.TryGetValue(set, out var complement) ? complement : set.Replace(@"\p", @"\P", StringComparison.Ordinal);

    private static EcmaEscape ReadCategory(string pattern, ref int at, bool isNegated)
    {
        var end = pattern.IndexOf('}', at);
        if (at == pattern.Length || pattern[at] != '{' || end < 0) throw new ArgumentException(@"\p needs a name in braces.");

        var name = pattern[(at + 1)..end];
        at = end + 1;
        if (name.StartsWith("gc=", StringComparison.Ordinal)) name = name["gc=".Length..];
        if (name.StartsWith("General_Category=", StringComparison.Ordinal)) name = name["General_Category=".Length..];
        if (name.StartsWith("Is", StringComparison.Ordinal) || name.Contains('=', StringComparison.Ordinal))
            throw new NotSupportedException($"The property {name}.");

        name = Categories.GetValueOrDefault(name, name);
        return new EcmaEscape(null, $@"\p{{{name}}}", isNegated);
    }

    private static EcmaEscape ReadUnicode(string pattern, ref int at)
    {
        int code;
        if (at < pattern.Length && pattern[at] == '{')
        {
            var end = pattern.IndexOf('}', at);
            var digits = end < 0 ? [] : pattern.AsSpan(at + 1, end - at - 1);
            if (!int.TryParse(digits, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out code) || code is < 0 or > 0x10FFFF)
                throw new ArgumentException(@"\u{ needs a code point and a brace.");
            at = end + 1;
        }
        else
        {
            code = ReadHex(pattern, ref at, 4);
            var low = at;
            if (char.IsHighSurrogate((char)code) && pattern.AsSpan(at).StartsWith(@"\u") && ReadLow(pattern, ref low) is { } second)
            {
                at = low;
                code = char.ConvertToUtf32((char)code, second);
            }
        }

        if (code > 0xFFFF) return new EcmaEscape(null, Pair: char.ConvertFromUtf32(code));
        return new EcmaEscape(FormattableString.Invariant($@"\u{code:X4}"));
    }

    private static char? ReadLow(string pattern, ref int at)
    {
        at += 2;
        return (char)ReadHex(pattern, ref at, 4) is var low && char.IsLowSurrogate(low) ? low : null;
    }

    private static EcmaEscape ReadControl(string pattern, ref int at)
    {
        if (at == pattern.Length || !char.IsAsciiLetter(pattern[at])) throw new ArgumentException(@"\c needs a letter.");
        return new EcmaEscape(FormattableString.Invariant($@"\x{pattern[at++] % 32:X2}"));
    }

    private static int ReadHex(string pattern, ref int at, int length)
    {
        var digits = at + length > pattern.Length ? [] : pattern.AsSpan(at, length);
        if (!int.TryParse(digits, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var value))
            throw new ArgumentException($"{length} hexadecimal digits are missing.");
        at += length;
        return value;
    }
}
