using System.Diagnostics;
using System.Globalization;
using System.Text;

namespace AiPlatform.InferenceWorker.Text.Bpe;

/// <summary>
/// Lets patterns match characters beyond U+FFFF by their category. .NET's patterns see two surrogates there, which are neither letters nor
/// digits. So each such character is replaced by one of the same category below U+FFFF that no known pattern names.
/// </summary>
internal static class CodePointClasses
{
    /// <summary>The text with one code unit for each code point; the text itself if it already has this form.</summary>
    public static ReadOnlySpan<char> Of(ReadOnlySpan<char> wellFormed)
    {
        if (!wellFormed.ContainsAnyInRange('\uD800', '\uDFFF'))
            return wellFormed;

        var classes = new char[wellFormed.Length];
        int count = 0;
        foreach (Rune rune in wellFormed.EnumerateRunes())
            classes[count++] = rune.IsBmp ? (char)rune.Value : StandIn(Rune.GetUnicodeCategory(rune));
        return classes.AsSpan(0, count);
    }

    /// <summary>How many code units the first code points of the text have.</summary>
    public static int UnitsOf(ReadOnlySpan<char> wellFormed, int codePoints)
    {
        int units = 0;
        for (; codePoints > 0; codePoints--)
            units += char.IsHighSurrogate(wellFormed[units]) ? 2 : 1;
        return units;
    }

    private static char StandIn(UnicodeCategory category) => category switch
    {
        UnicodeCategory.UppercaseLetter => 'Ā',
        UnicodeCategory.LowercaseLetter => 'ā',
        UnicodeCategory.TitlecaseLetter => 'ǅ',
        UnicodeCategory.ModifierLetter => 'ʰ',
        UnicodeCategory.OtherLetter => 'ª',
        UnicodeCategory.NonSpacingMark => '\u0300',
        UnicodeCategory.SpacingCombiningMark => '\u0903',
        UnicodeCategory.EnclosingMark => '\u0488',
        UnicodeCategory.DecimalDigitNumber => '\u0660',
        UnicodeCategory.LetterNumber => '\u16EE',
        UnicodeCategory.OtherNumber => '²',
        UnicodeCategory.SpaceSeparator or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator => '\u2003',
        UnicodeCategory.ConnectorPunctuation => '‿',
        UnicodeCategory.DashPunctuation => '‐',
        UnicodeCategory.OpenPunctuation => '⁅',
        UnicodeCategory.ClosePunctuation => '⁆',
        UnicodeCategory.InitialQuotePunctuation => '‹',
        UnicodeCategory.FinalQuotePunctuation => '›',
        UnicodeCategory.OtherPunctuation => '‰',
        UnicodeCategory.MathSymbol => '±',
        UnicodeCategory.CurrencySymbol => '€',
        UnicodeCategory.ModifierSymbol => '˂',
        UnicodeCategory.OtherSymbol => '©',
        UnicodeCategory.Format => '\u00AD',
        UnicodeCategory.PrivateUse => '\uE000',
        UnicodeCategory.OtherNotAssigned => '\u0378',
        _ => throw new UnreachableException($"A code point of category {category} has no surrogates. This is a bug."),
    };
}
