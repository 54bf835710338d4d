using Xunit;

namespace AiPlatform.Tests.EndToEnd.Otlp;

/// <summary>
/// A row of the metrics' tables in docs/operations.md: name, process, unit, what it is, what is normal, what to do when it is off.
/// </summary>
internal sealed record DocumentedMetric(string Name, IReadOnlyList<string> Processes, string Unit)
{
    private const int Columns = 6;

    /// <summary>Every metric that the document names.</summary>
    public static IReadOnlyList<DocumentedMetric> ReadAll()
    {
        var rows = File.ReadLines(Path.Combine(Checkout.Root, "docs", "operations.md"))
            .Where(line => line.StartsWith('|'))
            .Select(line => line.Trim('|', ' ').Split('|', StringSplitOptions.TrimEntries))
            .Where(row => IsOurs(row[0].Trim('`')) && row[0] != row[0].Trim('`'))
            .ToList();
        Assert.NotEmpty(rows);
        Assert.All(rows, row => Assert.Equal(Columns, row.Length));
        Assert.All(rows, row => Assert.True(row[3].Length > 0 && row[5].Length > 0, $"{row[0]} is not explained"));
        return [.. rows.Select(row => new DocumentedMetric(row[0].Trim('`'), row[1].Split(", "), row[2]))];
    }

    /// <summary>Whether a metric is the platform's own, and not the framework's.</summary>
    public static bool IsOurs(string metric) =>
        metric.StartsWith("aiplatform.", StringComparison.Ordinal) || metric.StartsWith("gen_ai.", StringComparison.Ordinal)
        || metric.StartsWith("messaging.", StringComparison.Ordinal);

    /// <summary>A unit as the document has it: <c>jobs</c> for <c>{job}</c>.</summary>
    public static string UnitOf(OtlpPoint point) => point.Unit.StartsWith('{') ? $"{point.Unit.Trim('{', '}')}s" : point.Unit;
}
