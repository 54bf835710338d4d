using System.Reflection;
using System.Text.RegularExpressions;
using AiPlatform.Jobs.Redis;
using Xunit;

namespace AiPlatform.Tests.Jobs.Redis;

/// <summary>The text that Redis gets of each script: all functions that it calls, and no others.</summary>
public sealed partial class JobScriptTests
{
    private static readonly string[] OfLua =
    [
        "and", "call", "elseif", "for", "function", "if", "in", "ipairs", "not", "or", "pairs", "return", "select", "tonumber", "type",
        "unpack", "while",
    ];

    public static TheoryData<string> Names => [.. Scripts.Select(script => script.Name)];

    internal static IReadOnlyList<JobScript> Scripts { get; } =
    [
        .. typeof(JobScript).GetProperties(BindingFlags.Public | BindingFlags.Static)
            .Where(property => property.PropertyType == typeof(JobScript)).Select(property => (JobScript)property.GetValue(null)!),
    ];

    [Theory]
    [MemberData(nameof(Names))]
    public void Text_EveryFunctionThatItCalls_IsThere(string name)
    {
        var code = Code(name);
        var defined = Definition().Matches(code).SelectMany(one => one.Groups["names"].Value.Split(", ")).ToHashSet();

        var missing = Call().Matches(code).Select(one => one.Groups["name"].Value)
            .Where(one => !OfLua.Contains(one) && !defined.Contains(one));

        Assert.Empty(missing);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Text_EveryFunctionThatIsThere_IsCalled(string name)
    {
        var code = Code(name);

        var idle = Function().Matches(code).Select(one => one.Groups["name"].Value)
            .Where(one => Regex.Count(code, $@"\b{one}\b") < 2);

        Assert.Empty(idle);
    }

    /// <summary>Functions that only a script's <c>rarely</c> calls are created when it is called, and not in every call.</summary>
    [Theory]
    [MemberData(nameof(Names))]
    public void Text_EveryFunctionBeforeTheRareOnes_IsCalledOutsideOfThem(string name)
    {
        var parts = Code(name).Split("local rarely = function()");
        if (parts.Length == 1) return;
        var often = parts[0] + parts[1][parts[1].IndexOf("\nend \n", StringComparison.Ordinal)..];

        var rare = Function().Matches(parts[0]).Select(one => one.Groups["name"].Value).Where(one => Regex.Count(often, $@"\b{one}\b") < 2);

        Assert.Empty(rare);
    }

    private static string Code(string name) => CommentOrText().Replace(Scripts.Single(script => script.Name == name).Text, "");

    [GeneratedRegex(@"--.*|'[^'\n]*'")]
    private static partial Regex CommentOrText();

    [GeneratedRegex(@"local function (?<names>\w+)|local (?<names>\w+(?:, \w+)*)")]
    private static partial Regex Definition();

    [GeneratedRegex(@"^local function (?<name>\w+)", RegexOptions.Multiline)]
    private static partial Regex Function();

    [GeneratedRegex(@"(?<![.\w'])(?<name>[a-z_]\w*)\(")]
    private static partial Regex Call();
}
