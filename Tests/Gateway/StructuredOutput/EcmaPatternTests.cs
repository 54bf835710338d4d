using System.Text.RegularExpressions;
using AiPlatform.Gateway.StructuredOutput.JsonSchema;
using Xunit;

namespace AiPlatform.Tests.Gateway.StructuredOutput;

/// <summary>What a pattern means in ECMAScript, and not in .NET, is kept.</summary>
public sealed class EcmaPatternTests
{
    [Theory]
    [InlineData(@"^\d$", "7", "٧")]
    [InlineData(@"^\w$", "_", "é")]
    [InlineData(@"^[\w-]+$", "a-b", "a é")]
    [InlineData(@"^[^\d]$", "a", "1")]
    [InlineData(@"^[\D]$", "a", "1")]
    [InlineData(@"^\s$", "\u00A0", "\u0085")]
    [InlineData(@"^\S$", "\u0085", " ")]
    [InlineData("^a$", "a", "a\n")]
    [InlineData("^.$", "🐲", "ab")]
    [InlineData("^.{2}$", "🐲🐲", "🐲")]
    [InlineData("^[^a]$", "🐲", "a")]
    [InlineData("^.$", "x", "\u2028")]
    [InlineData("^🐲+$", "🐲🐲", "x")]
    [InlineData(@"^\u{1F432}$", "🐲", "x")]
    [InlineData(@"^\uD83D\uDC32$", "🐲", "x")]
    [InlineData(@"^\p{Letter}+$", "éß", "1")]
    [InlineData(@"^\P{Lu}$", "a", "A")]
    [InlineData(@"^[\p{Lu}\p{Nd}]+$", "A1", "a")]
    [InlineData("^[a-z-[aeiou]]$", "a]", "b")]
    [InlineData("^[]$", null, "a")]
    [InlineData("^[^]$", "\n", "")]
    [InlineData(@"^\/\-$", "/-", @"\/")]
    [InlineData(@"^\cA$", "\u0001", "A")]
    [InlineData(@"^[\b]$", "\b", "b")]
    [InlineData("^(?<year>[0-9]{4})$", "2026", "26")]
    public void Translate_Meaning_IsEcmaScripts(string pattern, string? matches, string matchesNot)
    {
        var sut = new Regex(new EcmaTranslation(pattern).Translate(), RegexOptions.NonBacktracking | RegexOptions.CultureInvariant);

        if (matches is not null) Assert.Matches(sut, matches);
        Assert.DoesNotMatch(sut, matchesNot);
    }

    [Theory]
    [InlineData(@"\a")]
    [InlineData(@"\")]
    [InlineData(@"\x1")]
    [InlineData(@"\u{110000}")]
    [InlineData(@"\p{Nothing}")]
    [InlineData("[a")]
    [InlineData("(?i)a")]
    [InlineData("(?>a)")]
    [InlineData("a**")]
    public void IsPattern_NoneInEcmaScript_IsFalse(string pattern) => Assert.False(EcmaPattern.IsPattern(pattern));
}
