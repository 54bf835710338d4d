using System.Numerics;

namespace AiPlatform.Grammars.JsonSchema.Numbers;

/// <summary>What schemas say about a number: its bounds, and of what it is a multiple.</summary>
/// <param name="IsInteger">Whether it has no fraction.</param>
/// <param name="Least">The lower bound; null when there is none.</param>
/// <param name="IsLeastAllowed">Whether the lower bound itself is allowed.</param>
/// <param name="Most">The upper bound; null when there is none.</param>
/// <param name="IsMostAllowed">Whether the upper bound itself is allowed.</param>
/// <param name="Step">The number times <c>10^StepPlaces</c> is a multiple of it; 0 when any number is allowed.</param>
/// <param name="StepPlaces">Most digits behind the point when there is a step.</param>
internal sealed record NumberRange(
    bool IsInteger, DecimalNumber? Least, bool IsLeastAllowed, DecimalNumber? Most, bool IsMostAllowed, int Step, int StepPlaces)
{
    private const int MaxStep = 1_000_000;

    /// <summary>Largest product of the step and the digits of the bounds: so many states fit into a number of 32 bits.</summary>
    private const long MaxRests = 100_000_000;

    public static NumberRange Of(IReadOnlyList<SchemaNode> schemas, bool isInteger)
    {
        DecimalNumber? least = null, most = null;
        var (isLeastAllowed, isMostAllowed) = (true, true);
        List<(SchemaNode Node, DecimalNumber Number)> steps = [];
        foreach (var node in schemas)
        {
            foreach (var (keyword, isAllowed) in new[] { ("minimum", true), ("exclusiveMinimum", false) })
            {
                if (NumberOf(node, keyword) is not { } bound) continue;
                var order = least is null ? 1 : bound.CompareTo(least);
                if (order > 0 || (order == 0 && !isAllowed)) (least, isLeastAllowed) = (bound, isAllowed);
            }

            foreach (var (keyword, isAllowed) in new[] { ("maximum", true), ("exclusiveMaximum", false) })
            {
                if (NumberOf(node, keyword) is not { } bound) continue;
                var order = most is null ? -1 : bound.CompareTo(most);
                if (order < 0 || (order == 0 && !isAllowed)) (most, isMostAllowed) = (bound, isAllowed);
            }

            if (NumberOf(node, "multipleOf") is { } step) steps.Add((node, step));
        }

        var (factor, places) = StepOf(steps, isInteger);
        var digits = Math.Max(least?.Whole.Length ?? 0, most?.Whole.Length ?? 0) + places;
        if ((long)factor * digits > MaxRests)
        {
            throw steps[0].Node.Invalid(
                "multipleOf", $"cannot be guaranteed beside bounds of {digits} digits: times {factor} they are above {MaxRests}");
        }

        return new NumberRange(isInteger, least, isLeastAllowed, most, isMostAllowed, factor, places);
    }

    /// <summary>A keyword's number; null when the schema does not have it.</summary>
    public static DecimalNumber? NumberOf(SchemaNode node, string keyword)
    {
        if (node.Get(keyword) is not { } value) return null;
        if (value.ValueKind != System.Text.Json.JsonValueKind.Number) throw node.Invalid(keyword, "is not a number");
        return DecimalNumber.Parse(value.GetRawText()) ?? throw node.Invalid(keyword, "has too many digits to be guaranteed");
    }

    /// <summary>The least common multiple of all steps, and of 1 for integers.</summary>
    private static (int Step, int Places) StepOf(List<(SchemaNode Node, DecimalNumber Number)> steps, bool isInteger)
    {
        if (steps.Count == 0) return (0, 0);
        foreach (var (node, number) in steps)
            if (number.IsZero || number.IsNegative) throw node.Invalid("multipleOf", "is not above 0");

        var places = steps.Max(step => step.Number.Fraction.Length);
        var common = isInteger ? BigInteger.Pow(10, places) : BigInteger.One;
        foreach (var (_, number) in steps)
        {
            var scaled = number.Scaled(places);
            common = common / BigInteger.GreatestCommonDivisor(common, scaled) * scaled;
        }

        for (; places > 0 && common % 10 == 0; places--) common /= 10;
        if (common > MaxStep) throw steps[0].Node.Invalid("multipleOf", $"cannot be guaranteed: without zeros it is above {MaxStep}");
        return ((int)common, places);
    }
}
