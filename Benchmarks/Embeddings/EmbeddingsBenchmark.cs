using AiPlatform.Benchmarks.Processes;
using AiPlatform.Benchmarks.Results;
using static System.FormattableString;

namespace AiPlatform.Benchmarks.Embeddings;

/// <summary>64 clients, one text a call, through HTTP, Redis and the worker; next to the bare loop, in turn, on the same two cores.</summary>
internal static class EmbeddingsBenchmark
{
    private const string Command = "./ai bench embeddings";

    private static readonly RawLoopLayout[] Layouts = [new(1, 2, IsSpinning: true), new(1, 2, IsSpinning: false), new(2, 1, IsSpinning: false)];

    public static async Task RunAsync(int runs, CancellationToken cancellationToken)
    {
        RequiredTools.Require("redis-server", "gcc");
        await LoadGenerator.CompileAsync(cancellationToken);

        var ours = new List<LoadResult>();
        var bare = Layouts.ToDictionary(layout => layout, _ => new List<double>());
        using var run = new EmbeddingsRun();
        for (var i = 1; i <= runs; i++)
        {
            ours.Add(await run.MeasureAsync(cancellationToken));
            Console.WriteLine(Invariant($"run {i}, AiPlatform: {ours[^1].PerSecond:0} rows/s, p50 {ours[^1].P50Milliseconds:0} ms, p99 {ours[^1].P99Milliseconds:0} ms"));
            foreach (var (layout, rates) in bare)
            {
                rates.Add(await EmbeddingsRun.MeasureBareAsync(layout, cancellationToken));
                Console.WriteLine(Invariant($"run {i}, bare loop {layout}: {rates[^1]:0} rows/s"));
            }
        }

        Report(ours, bare);
    }

    private static void Report(List<LoadResult> ours, Dictionary<RawLoopLayout, List<double>> bare)
    {
        var our = Median.Of(ours, one => one.PerSecond);
        var best = bare.MaxBy(layout => Median.Of(layout.Value));
        ResultsFile.Append(
            new ResultRow
            {
                Command = Command,
                Settings = $"{EmbeddingsRun.Texts} texts of 12 to 28 words, {EmbeddingsRun.Clients} clients, one text a call; two cores for all",
                Ours = Invariant($"{our:0} rows/s, p50 {Median.Of(ours, one => one.P50Milliseconds):0} ms"),
                Peer = Invariant($"bare ONNX Runtime loop ({best.Key}): {Median.Of(best.Value):0} rows/s"),
                Ratio = our / Median.Of(best.Value),
                Notes = string.Join("; ", bare.Select(layout => Invariant($"{layout.Key}: {Median.Of(layout.Value):0} rows/s"))),
            },
            ours.Count);
    }
}
