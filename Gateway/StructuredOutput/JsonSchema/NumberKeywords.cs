using System.Text.Json;

namespace AiPlatform.Gateway.StructuredOutput.JsonSchema;

/// <summary>Bounds and steps of numbers.</summary>
internal static class NumberKeywords
{
    public static SchemaCheck Minimum(Keyword keyword) => Compared(keyword, "at least", order => order >= 0);

    public static SchemaCheck Maximum(Keyword keyword) => Compared(keyword, "at most", order => order <= 0);

    public static SchemaCheck ExclusiveMinimum(Keyword keyword) => Compared(keyword, "more than", order => order > 0);

    public static SchemaCheck ExclusiveMaximum(Keyword keyword) => Compared(keyword, "less than", order => order < 0);

    public static SchemaCheck MultipleOf(Keyword keyword)
    {
        var divisor = keyword.Number();
        if (divisor.Sign <= 0) throw keyword.Wrong("must be a number above 0");
        return Check($"must be a multiple of {keyword.Element().GetRawText()}", number => number.IsMultipleOf(divisor));
    }

    private static SchemaCheck Compared(Keyword keyword, string words, Func<int, bool> fits)
    {
        var bound = keyword.Number();
        return Check($"must be {words} {keyword.Element().GetRawText()}", number => fits(number.CompareTo(bound)));
    }

    private static SchemaCheck Check(string message, Func<ExactNumber, bool> fits) => (value, checking) =>
    {
        if (value.ValueKind != JsonValueKind.Number) return true;
        return ExactNumber.TryParse(value, out var number) ? fits(number) || checking.Fails(message, value) : checking.Fails("must have fewer digits");
    };
}
