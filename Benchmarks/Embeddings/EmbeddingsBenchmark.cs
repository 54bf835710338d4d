using AiPlatform.Benchmarks.Processes;
using AiPlatform.Benchmarks.Results;
using static System.FormattableString;

namespace AiPlatform.Benchmarks.Embeddings;

/// <summary>
/// Measures 64 clients with one text in each call, through HTTP, Redis and the worker, and in turn a server that runs each text alone, and
/// the bare loop, on the same two cores.
/// </summary>
internal static class EmbeddingsBenchmark
{
    private const string Command = "./ai bench embeddings";

    private static readonly string Setting =
        $"{EmbeddingsRun.Texts} texts of 12 to 28 words, {EmbeddingsRun.Clients} clients, one text a call; two cores for all";

    private static readonly RawLoopLayout[] Layouts =
        [new(1, 2, IsSpinning: true), new(1, 2, IsSpinning: false), new(2, 1, IsSpinning: false)];

    public static async Task RunAsync(int runs, CancellationToken cancellationToken)
    {
        RequiredTools.Require("redis-server", "gcc", "node", "npm");
        await LoadGenerator.CompileAsync(cancellationToken);
        await OnnxNode.InstallAsync(cancellationToken);

        var (ours, peer) = (new List<EmbeddingsMeasurement>(), new List<EmbeddingsMeasurement>());
        var bare = Layouts.ToDictionary(layout => layout, _ => new List<BareMeasurement>());
        using var run = new EmbeddingsRun();
        for (var i = 1; i <= runs; i++)
        {
            ours.Add(await run.MeasureAsync(cancellationToken));
            Console.WriteLine($"run {i}, AiPlatform: {Describe(ours.TakeLast(1))}");
            peer.Add(await run.MeasurePeerAsync(cancellationToken));
            Console.WriteLine($"run {i}, {OnnxNode.Name}: {DescribePeer(peer.TakeLast(1))}");
            foreach (var (layout, measured) in bare)
            {
                measured.Add(await EmbeddingsRun.MeasureBareAsync(layout, cancellationToken));
                Console.WriteLine($"run {i}, bare loop {layout}: {Describe(measured.TakeLast(1))}");
            }
        }

        Report(ours, peer, bare);
    }

    private static void Report(
        List<EmbeddingsMeasurement> ours, List<EmbeddingsMeasurement> peer, Dictionary<RawLoopLayout, List<BareMeasurement>> bare)
    {
        ResultsFile.Append(
            new ResultRow
            {
                Command = Command,
                Settings = Setting,
                Ours = Describe(ours),
                Peer = $"{OnnxNode.Name}: {DescribePeer(peer)}",
                Ratio = Rate(ours) / Rate(peer),
                Notes = "the server runs each text alone, as one would write it",
            },
            ours.Count);
        var best = bare.MaxBy(layout => Median.Of(layout.Value, one => one.RowsPerSecond));
        ResultsFile.Append(
            new ResultRow
            {
                Command = Command,
                Settings = Setting,
                Ours = Describe(ours),
                Peer = $"bare ONNX Runtime loop, {best.Key}: {Describe(best.Value)}",
                Ratio = Rate(ours) / Median.Of(best.Value, one => one.RowsPerSecond),
                Notes = $"the best of the bare loops, which were "
                + $"{string.Join(", ", bare.Select(layout => $"{layout.Key}: {Describe(layout.Value)}"))}",
            },
            ours.Count);
    }

    private static double Rate(IEnumerable<EmbeddingsMeasurement> runs) => Median.Of(runs, one => one.Load.PerSecond);

    private static string DescribePeer(IEnumerable<EmbeddingsMeasurement> runs)
    {
        var all = runs.ToList();
        return Invariant($"{Rate(all):0} rows/s, p50 {Median.Of(all, one => one.Load.P50Milliseconds):0} ms (CPU ms a row: ")
            + Invariant($"{Median.Of(all, one => one.WorkerMillisecondsPerRow):0.00})");
    }

    private static string Describe(IEnumerable<EmbeddingsMeasurement> runs)
    {
        var all = runs.ToList();
        return Invariant(
            $"{Rate(all):0} rows/s, p50 {Median.Of(all, one => one.Load.P50Milliseconds):0} ms (CPU ms a ")
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
