using AiPlatform.Benchmarks.Processes;
using AiPlatform.Benchmarks.Results;
using static System.FormattableString;

namespace AiPlatform.Benchmarks.Embeddings;

/// <summary>
/// Measures 64 clients with one text in each call, through HTTP, Redis and the worker, and in turn the bare loop on the same two cores.
/// </summary>
internal static class EmbeddingsBenchmark
{
    private const string Command = "./ai bench embeddings";

    private static readonly RawLoopLayout[] Layouts =
        [new(1, 2, IsSpinning: true), new(1, 2, IsSpinning: false), new(2, 1, IsSpinning: false)];

    public static async Task RunAsync(int runs, CancellationToken cancellationToken)
    {
        RequiredTools.Require("redis-server", "gcc");
        await LoadGenerator.CompileAsync(cancellationToken);

        var ours = new List<EmbeddingsMeasurement>();
        var bare = Layouts.ToDictionary(layout => layout, _ => new List<BareMeasurement>());
        using var run = new EmbeddingsRun();
        for (var i = 1; i <= runs; i++)
        {
            ours.Add(await run.MeasureAsync(cancellationToken));
            Console.WriteLine($"run {i}, AiPlatform: {Describe(ours.TakeLast(1))}");
            foreach (var (layout, measured) in bare)
            {
                measured.Add(await EmbeddingsRun.MeasureBareAsync(layout, cancellationToken));
                Console.WriteLine($"run {i}, bare loop {layout}: {Describe(measured.TakeLast(1))}");
            }
        }

        Report(ours, bare);
    }

    private static void Report(List<EmbeddingsMeasurement> ours, Dictionary<RawLoopLayout, List<BareMeasurement>> bare)
    {
        var best = bare.MaxBy(layout => Median.Of(layout.Value, one => one.RowsPerSecond));
        ResultsFile.Append(
            new ResultRow
            {
                Command = Command,
                Settings = $"{EmbeddingsRun.Texts} texts of 12 to 28 words, {EmbeddingsRun.Clients} clients, one text a call; two "
                + $"cores for all",
                Ours = Describe(ours),
                Peer = $"bare ONNX Runtime loop, {best.Key}: {Describe(best.Value)}",
                Ratio = Median.Of(ours, one => one.Load.PerSecond) / Median.Of(best.Value, one => one.RowsPerSecond),
                Notes = $"the best of the bare loops, which were "
                + $"{string.Join(", ", bare.Select(layout => $"{layout.Key}: {Describe(layout.Value)}"))}",
            },
            ours.Count);
    }

    private static string Describe(IEnumerable<EmbeddingsMeasurement> runs)
    {
        var all = runs.ToList();
        return Invariant(
            $"{Median.Of(all, one => one.Load.PerSecond):0} rows/s, p50 {Median.Of(all, one => one.Load.P50Milliseconds):0} ms (CPU ms a ")
            + Invariant($"row: worker {Median.Of(all, one => one.WorkerMillisecondsPerRow):0.00}, Gateway and Redis ")
            + Invariant($"{Median.Of(all, one => one.OthersMillisecondsPerRow):0.00})");
    }

    private static string Describe(IEnumerable<BareMeasurement> runs)
    {
        var all = runs.ToList();
        return Invariant($"{Median.Of(all, one => one.RowsPerSecond):0} rows/s (CPU ms a row: ")
            + Invariant($"{Median.Of(all, one => one.CpuMillisecondsPerRow):0.00})");
    }
}
