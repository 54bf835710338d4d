using System.Text.Json;

namespace AiPlatform.Gateway.StructuredOutput.JsonSchema.Keywords;

/// <summary>Lengths, patterns and formats of strings.</summary>
internal static class TextKeywords
{
    private const int MaxPatternShown = 500;
    private const int StepsOfFormatCharacter = 40;

    public static SchemaCheck MinLength(Keyword keyword)
    {
        var least = keyword.Count();
        return Check($"must have at least {least} characters", (text, _) => LengthOf(text) >= least);
    }

    public static SchemaCheck MaxLength(Keyword keyword)
    {
        var most = keyword.Count();
        return Check($"must have at most {most} characters", (text, _) => LengthOf(text) <= most);
    }

    public static SchemaCheck Pattern(Keyword keyword)
    {
        var text = keyword.Text();
        var pattern = keyword.Compiler.PatternOf(text, keyword);
        return Check(
            $"must match the pattern {Checking.Shortened(text, MaxPatternShown)}", (value, checking) => checking.Matches(pattern, value));
    }

    /// <summary>The check of <c>format</c>; null where formats are annotations, and for an unknown format, as the draft says.</summary>
    public static SchemaCheck? Format(Keyword keyword)
    {
        var name = keyword.Text();
        return keyword.Compiler.AssertsFormats && Formats.Find(name) is { } fits
            ? Check($"must have the format {name}", (text, checking) =>
            {
                checking.Spend((long)StepsOfFormatCharacter * text.Length);
                return fits(text);
            })
            : null;
    }

    private static SchemaCheck Check(string message, Func<string, Checking, bool> fits) => (value, checking) =>
        value.ValueKind != JsonValueKind.String || fits(checking.TextOf(value), checking) || checking.Fails(message, value);

    /// <summary>The length in code points: a surrogate pair counts as one.</summary>
    private static int LengthOf(string text)
    {
        var length = text.Length;
        foreach (var c in text)
            if (char.IsLowSurrogate(c)) length--;
        return length;
    }
}
