using System.Text.Json;
using AiPlatform.Grammars.JsonSchema.Numbers;

namespace AiPlatform.Gateway.StructuredOutput.JsonSchema.Keywords;

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
        var length = Checking.LengthOf(keyword.Element());
        return Check(keyword, "a multiple of", (number, value, checking) =>
        {
            checking.Spend(ExactNumber.StepsOfDivision(Math.Max(length, Checking.LengthOf(value))));
            return number.IsMultipleOf(divisor);
        });
    }

    private static SchemaCheck Compared(Keyword keyword, string words, Func<int, bool> fits)
    {
        var bound = keyword.Number();
        return Check(keyword, words, (number, _, _) => fits(number.CompareTo(bound)));
    }

    private static SchemaCheck Check(Keyword keyword, string words, Func<ExactNumber, JsonElement, Checking, bool> fits)
    {
        var message = $"must be {words} {Checking.Quoted(keyword.Element())}";
        return (value, checking) =>
        {
            if (value.ValueKind != JsonValueKind.Number) return true;
            if (!checking.TryReadNumber(value, out var number)) return checking.Fails("must have fewer digits");
            return fits(number, value, checking) || checking.Fails(message, value);
        };
    }
}
