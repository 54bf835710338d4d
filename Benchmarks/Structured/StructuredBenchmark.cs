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
        // The masks need no processes. Their rows are written even if a stream fails afterwards.
        List<MaskTimes> masks = [];
        while (masks.Count < runs)
        {
            masks.Add(MaskTimes.Measure());
            Console.WriteLine($"masks {masks.Count}: {masks[^1]}");
        }

        foreach (var row in RowsOf(masks)) ResultsFile.Append(row, runs);
        List<StructuredMeasurement> streams = [];
        while (streams.Count < runs)
        {
            streams.Add(await StructuredRun.MeasureAsync(cancellationToken));
            Console.WriteLine($"streams {streams.Count}: {streams[^1]}");
        }

        foreach (var row in RowsOf(streams)) ResultsFile.Append(row, runs);
    }

    /// <summary>A row for each figure of the masks, with what it should be.</summary>
    internal static IEnumerable<ResultRow> RowsOf(IReadOnlyList<MaskTimes> runs)
    {
        var notes = Invariant($"{runs[0].Schemas} schemas, {runs[0].Count} masks of {runs[0].Tokens} tokens; lower is better");
        yield return Row("a mask, median over the schemas of the reference", one => one.Median, 50, "µs", notes);
        yield return Row("a mask, 99th percentile", one => one.Percentile99, 1_000, "µs", notes);
        yield return Row("largest compiled grammar with its masks", one => one.LargestMiB, 8, "MiB", notes);

        ResultRow Row(string what, Func<MaskTimes, double> ours, double goal, string unit, string notes) => new()
        {
            Command = Command,
            Settings = what,
            Ours = Invariant($"{Median.Of(runs, ours):0.##} {unit}"),
            Peer = Invariant($"goal: ≤ {goal:#,0} {unit}"),
            Ratio = Median.Of(runs, ours) / goal,
            Notes = notes,
        };
    }

    /// <summary>A row for each figure of the streams, with what it should be.</summary>
    internal static IEnumerable<ResultRow> RowsOf(IReadOnlyList<StructuredMeasurement> runs)
    {
        yield return Row(
            "eight streams with a schema, tokens/s of eight free ones', chosen tokens only", one => one.Bound * (1 - one.ForcedPart),
            one => one.Free, "tokens/s", "≥ 0.90");
        yield return Row(
            "eight streams with a schema, tokens/s of eight free ones', all tokens", one => one.Bound, one => one.Free, "tokens/s",
            "≥ 1.20");
        yield return Row(
            "one stream with a schema, tokens/s of a free one's, all tokens", one => one.OneBound, one => one.OneFree, "tokens/s",
            "≥ 1.20");
        yield return Row(
            "first token with a new schema, of that without", one => one.FirstNew, one => one.FirstFree, "ms", "at most 20 ms later");
        yield return Row(
            "first token with a known schema, of that without", one => one.FirstCached, one => one.FirstFree, "ms", "at most 3 ms later");

        ResultRow Row(
            string what, Func<StructuredMeasurement, double> ours, Func<StructuredMeasurement, double> other, string unit,
            string goal) => new()
            {
                Command = Command,
                Settings = what,
                Ours = Invariant($"{Median.Of(runs, ours):0.##} {unit}"),
                Peer = Invariant($"{Median.Of(runs, other):0.##} {unit}; goal: {goal}"),
                Ratio = Median.Of(runs, one => ours(one) / other(one)),
                Notes = Invariant(
                    $"{Median.Of(runs, one => one.ForcedPart):P0} of the tokens were forced; others used at most ")
                    + Invariant($"{runs.Max(run => run.OtherCores):0.00} cores"),
            };
    }
}
