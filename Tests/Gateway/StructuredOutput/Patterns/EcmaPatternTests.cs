using System.Text.RegularExpressions;
using AiPlatform.Gateway.StructuredOutput;
using AiPlatform.Gateway.StructuredOutput.Patterns;
using AiPlatform.Grammars.Patterns;
using Xunit;

namespace AiPlatform.Tests.Gateway.StructuredOutput.Patterns;

/// <summary>Patterns keep the meaning that they have in ECMAScript, where .NET's differs.</summary>
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
    [InlineData("^[🐲-🐴]{2}$", "🐲🐳", "🐲x")]
    [InlineData(@"^[^\u{1F432}]$", "🐳", "🐲")]
    [InlineData(@"^\p{L}$", "𝒜", "𝟘")]
    [InlineData(@"^\p{LC}$", "a", "ª")]
    [InlineData(@"^[^\P{Lu}]$", "A", "a")]
    [InlineData(@"\bcat\b", "a cat.", "cats")]
    [InlineData(@"\bé", "aé", "é")]
    [InlineData(@"a\Bb", "ab", "a b")]
    [InlineData("^(a|b*)*c{2,3}$", "abbacc", "abc")]
    [InlineData("^(?:a?){3}a{3}$", "aaa", "aa")]
    [InlineData("^x{0}y{2,}$", "yyy", "xyy")]
    [InlineData("^(a{2}){2,3}?$", "aaaaaa", "aaaaa")]
    [InlineData("^a{,2}$", "a{,2}", "aa")]
    [InlineData("^(|a)(^|b)$", "ab", "ba")]
    [InlineData("$^", "", "a")]
    [InlineData("", "", null)]
    public void IsMatch_Meaning_IsEcmaScripts(string pattern, string? matches, string? matchesNot)
    {
        if (matches is not null) Assert.True(IsMatch(pattern, matches));
        if (matchesNot is not null) Assert.False(IsMatch(pattern, matchesNot));
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
    [InlineData("a{2}{3}")]
    [InlineData("a{3,2}")]
    [InlineData("*a")]
    [InlineData("a|+")]
    [InlineData("(a")]
    [InlineData("a)")]
    [InlineData("[b-a]")]
    [InlineData(@"(a)\2")]
    [InlineData(@"\k<b>(?<a>)")]
    [InlineData("(?<1>a)")]
    public void IsPattern_NoneInEcmaScript_IsFalse(string pattern) => Assert.False(EcmaPattern.IsPattern(pattern));

    [Theory]
    [InlineData("(?=a)b")]
    [InlineData("(?<!a)b")]
    [InlineData(@"(?<x>a)\k<x>")]
    [InlineData(@"\p{Script=Greek}")]
    [InlineData("a{10001}")]
    [InlineData("((a{500}){500}){500}")]
    [InlineData("(){2000000000}")]
    [InlineData("(((a{99999999999999999999}){0,}){99999999999999999999})")]
    public void Compile_WhatNoSmallAutomatonCanDo_IsAPatternAndIsRefused(string pattern)
    {
        Assert.True(EcmaPattern.IsPattern(pattern));
        Assert.Contains("linear time", Assert.Throws<PatternException>(() => EcmaPattern.Compile(pattern, Budgets.Whole())).Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void Compile_TooDeepOrTooLong_IsRefused()
    {
        var deep = new string('(', 4_000) + new string(')', 4_000);

        Assert.Throws<PatternException>(() => EcmaPattern.Compile(deep, Budgets.Whole()));
        Assert.Throws<PatternException>(() => EcmaPattern.Compile(new string('a', EcmaPattern.MaxLength + 1), Budgets.Whole()));
        Assert.False(EcmaPattern.IsPattern(deep));
    }

    [Fact]
    public void Compile_CountsAreWrittenOut_HasAsManyStatesAsAreCounted()
    {
        Assert.Equal(1 + 500, EcmaPattern.Compile("a{500}", Budgets.Whole()).States);
        Assert.Equal(1 + 3 + (2 * 4), EcmaPattern.Compile("(abc){1,3}", Budgets.Whole()).States);
        Assert.Equal(1 + 6 + 1, EcmaPattern.Compile("(ab){3,}", Budgets.Whole()).States);
    }

    [Theory]
    [InlineData("(.*a){1,900}b", 2_000)]
    [InlineData("(a?){500}a{500}", 1_000)]
    [InlineData("(a|b|ab)*c", 20_000)]
    [InlineData("(a*)*(a*)*(a*)*b", 20_000)]
    public void IsMatch_HostilePattern_VisitsEachStateOnceACharacter(string pattern, int length)
    {
        var budget = Budgets.Whole();
        var sut = EcmaPattern.Compile(pattern, budget);
        var compiling = budget.Spent;

        sut.IsMatch(new string('a', length), new MatchSpace(), budget);

        Assert.InRange(budget.Spent - compiling, 1, (length + 1L) * (sut.States + 1));
    }

    [Fact]
    public void IsMatch_NoStepsLeft_Ends()
    {
        var sut = EcmaPattern.Compile("(.*a){1,900}b", Budgets.Whole());

        Assert.Throws<StepsSpentException>(() => sut.IsMatch(new string('a', 100_000), new MatchSpace(), Budgets.Whole()));
    }

    [Fact]
    public void IsMatch_CallerHasLeft_Ends()
    {
        using var left = new CancellationTokenSource(TimeSpan.Zero);
        var budget = new StepBudget(long.MaxValue, left.Token);
        var sut = EcmaPattern.Compile("(.*a){1,900}b", Budgets.Whole());

        Assert.Throws<OperationCanceledException>(() => sut.IsMatch(new string('a', 100_000), new MatchSpace(), budget));
        Assert.InRange(budget.Spent, 1, 200_000);
    }

    [Fact]
    public void IsMatch_RandomPatterns_AgreesWithDotNet()
    {
        string[] pieces =
            ["a", "b", "[ab]", "[^a]", ".", "(", "(?:", ")", "|", "*", "+", "?", "{2}", "{1,3}", "{2,}", "^", "$", @"\b", @"\w", "-"];
        string[] texts = ["", "a", "b", "ab", "ba", "aab", "-a", "a-b", "abab", "bbaab", "aaaaaa", "b-ab-a"];
        var random = new SeededNumbers(20261128);
        var compared = 0;
        for (var i = 0; i < 8_000; i++)
        {
            var pattern = string.Concat(Enumerable.Range(0, 1 + random.Below(9)).Select(_ => random.OneOf(pieces)));
            if (Compiled(pattern) is not { } sut) continue;

            // On ASCII, and with ECMAScript's meaning of the end, .NET's patterns mean the same, except which braces are counts.
            var oracle = new Regex(
                pattern.Replace("$", @"\z", StringComparison.Ordinal), RegexOptions.NonBacktracking | RegexOptions.CultureInvariant);
            foreach (var text in texts)
                Assert.True(oracle.IsMatch(text) == sut.IsMatch(text, new MatchSpace(), Budgets.Whole()), $"{pattern} on '{text}'");
            compared++;
        }

        Assert.InRange(compared, 1_000, 8_000);
    }

    private static EcmaPattern? Compiled(string pattern)
    {
        try
        {
            return EcmaPattern.Compile(pattern, Budgets.Whole());
        }
        catch (PatternException)
        {
            return null;
        }
    }

    private static bool IsMatch(string pattern, string text) =>
        EcmaPattern.Compile(pattern, Budgets.Whole()).IsMatch(text, new MatchSpace(), Budgets.Whole());
}
