using AiPlatform.Benchmarks.Processes;
using AiPlatform.Benchmarks.Results;
using static System.FormattableString;

namespace AiPlatform.Benchmarks.Structured;

/// <summary>Answers that must fit a schema, next to free ones, and the masks of grammars alone.</summary>
internal static class StructuredBenchmark
{
    private const string Command = "./ai bench structured";

    public static async Task RunAsync(int runs, CancellationToken cancellationToken)
    {
        RequiredTools.Require("redis-server");
        var all = new List<StructuredMeasurement>();
        while (all.Count < runs)
        {
            all.Add(await StructuredRun.MeasureAsync(cancellationToken));
            Console.WriteLine($"run {all.Count}: {all[^1]}");
        }

        foreach (var row in RowsOf(all)) ResultsFile.Append(row, all.Count);
    }

    /// <summary>A row for each figure, with what it should be.</summary>
    internal static IEnumerable<ResultRow> RowsOf(IReadOnlyList<StructuredMeasurement> runs)
    {
        yield return Row(
            "eight streams with a schema, tokens/s of eight free ones', chosen tokens only", one => one.Bound * (1 - one.ForcedPart),
            one => one.Free, "tokens/s", "≥ 0.90");
        yield return Row(
            "eight streams with a schema, tokens/s of eight free ones', all tokens", one => one.Bound, one => one.Free, "tokens/s",
            "≥ 1.20");
        yield return Row(
            "first token with a new schema, of that without", one => one.FirstNew, one => one.FirstFree, "ms", "at most 20 ms later");
        yield return Row(
            "first token with a known schema, of that without", one => one.FirstCached, one => one.FirstFree, "ms", "at most 3 ms later");
        yield return Row("a mask, median over the schemas of the reference", one => one.MaskMedian, _ => 50, "µs", "≤ 50 µs");
        yield return Row("a mask, 99th percentile", one => one.MaskWorst, _ => 1_000, "µs", "≤ 1,000 µs");
        yield return Row("largest compiled grammar with its masks", one => one.LargestMiB, _ => 8, "MiB", "≤ 8 MiB");

        ResultRow Row(
            string what, Func<StructuredMeasurement, double> ours, Func<StructuredMeasurement, double> other, string unit,
            string goal) => new()
            {
                Command = Command,
                Settings = what,
                Ours = Invariant($"{Median.Of(runs, ours):0.##} {unit}"),
                Peer = Invariant($"{Median.Of(runs, other):0.##} {unit}; goal: {goal}"),
                Ratio = Median.Of(runs, one => ours(one) / other(one)),
                Notes = Invariant($"others used at most {runs.Max(run => run.OtherCores):0.00} cores"),
            };
    }
}
