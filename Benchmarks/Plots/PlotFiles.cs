namespace AiPlatform.Benchmarks.Plots;

/// <summary>The pictures of <c>docs/performance.md</c>, one for each benchmark.</summary>
internal static class PlotFiles
{
    /// <summary>Draws the pictures of these lines of Benchmarks/RESULTS.md, by the name of their file.</summary>
    public static IReadOnlyDictionary<string, string> Draw(IEnumerable<string> lines) => PlottedRow.Newest(lines)
        .GroupBy(row => row.Benchmark)
        .ToDictionary(rows => $"performance-{rows.Key}.svg", rows => BarPlot.Draw([.. rows]));

    /// <summary>Writes the pictures of the rows that are kept now.</summary>
    public static void Write()
    {
        foreach (var (name, picture) in Draw(File.ReadLines(Checkout.Results)))
        {
            File.WriteAllText(Path.Combine(Checkout.Pictures, name), picture);
            Console.WriteLine($"docs/images/{name}");
        }
    }
}
