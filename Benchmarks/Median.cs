namespace AiPlatform.Benchmarks;

/// <summary>The median of values.</summary>
internal static class Median
{
    /// <summary>Computes the median; for an even number of values it is the mean of the two in the middle.</summary>
    public static double Of(IEnumerable<double> values)
    {
        var sorted = values.Order().ToList();
        return (sorted[(sorted.Count - 1) / 2] + sorted[sorted.Count / 2]) / 2;
    }

    public static double Of<T>(IEnumerable<T> runs, Func<T, double> value) => Of(runs.Select(value));
}
