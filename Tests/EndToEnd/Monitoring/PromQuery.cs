using System.Text.RegularExpressions;

namespace AiPlatform.Tests.EndToEnd.Monitoring;

/// <summary>What a PromQL query names: metrics with the labels that it asks for, and labels that it groups by.</summary>
internal sealed partial class PromQuery
{
    private static readonly string[] Words =
        ["and", "bool", "by", "group_left", "group_right", "ignoring", "offset", "on", "or", "unless", "without"];

    private PromQuery(IReadOnlyList<PromSelector> selectors, IReadOnlyList<string> groups)
    {
        Selectors = selectors;
        Groups = groups;
    }

    public IReadOnlyList<PromSelector> Selectors { get; }

    /// <summary>The labels after <c>by</c> and its kin, <c>le</c> included.</summary>
    public IReadOnlyList<string> Groups { get; }

    [GeneratedRegex("""\b(?:by|without|on|ignoring|group_left|group_right)\s*\(([^)]*)\)""")]
    private static partial Regex Grouping { get; }

    [GeneratedRegex("""(?<name>[a-zA-Z_:][a-zA-Z0-9_:]*)\s*(?:(?<call>\()|\{(?<labels>[^}]*)\})?""")]
    private static partial Regex Name { get; }

    [GeneratedRegex("""\s*(?<label>[a-zA-Z_]\w*)\s*(?<how>=~|!~|!=|=)\s*"(?<value>[^"]*)"\s*(?:,|$)""")]
    private static partial Regex Matcher { get; }

    [GeneratedRegex("""\[[^\]]*\]""")]
    private static partial Regex Range { get; }

    public static PromQuery Parse(string query)
    {
        List<string> groups =
        [
            .. Grouping.Matches(query).SelectMany(
                one => one.Groups[1].Value.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)),
        ];
        var rest = Range.Replace(Grouping.Replace(query, " "), "");
        List<PromSelector> selectors = [];
        foreach (Match match in Name.Matches(rest))
        {
            var name = match.Groups["name"].Value;
            if (match.Groups["call"].Success || Words.Contains(name)) continue;
            // The 5 of 5m, and e of 1e3, are no names.
            if (match.Index > 0 && (char.IsAsciiDigit(rest[match.Index - 1]) || rest[match.Index - 1] == '$')) continue;
            selectors.Add(new PromSelector(
                name,
                [.. Matcher.Matches(match.Groups["labels"].Value).Select(
                    one => (one.Groups["label"].Value, one.Groups["how"].Value, one.Groups["value"].Value))]));
        }

        return new PromQuery(selectors, groups);
    }
}

/// <summary>A metric, and which of its series are meant.</summary>
internal sealed record PromSelector(string Metric, IReadOnlyList<(string Label, string How, string Value)> Matchers);
