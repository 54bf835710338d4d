using AiPlatform.Benchmarks.Processes;
using AiPlatform.Benchmarks.Results;
using static System.FormattableString;

namespace AiPlatform.Benchmarks.SlowModel;

/// <summary>Measures users of a model that takes 15 s, with servers on one core that wait asynchronously or block threads.</summary>
internal static class SlowModelBenchmark
{
    private const string Command = "./ai bench slow-model";

    public static async Task RunAsync(int runs, CancellationToken cancellationToken)
    {
        RequiredTools.Require("redis-server", "gcc", "taskset");
        RequiredTools.RequireTwoCores("server");
        await LoadGenerator.CompileAsync(cancellationToken);
        await MockProvider.CompileAsync(cancellationToken);

        var kept = new List<SlowRun>();
        while (kept.Count < runs)
        {
            kept.Add(await SlowRun.MeasureAsync(cancellationToken));
            Console.WriteLine(
                $"run {kept.Count}: AiPlatform {Describe(kept[^1].Ours)}; waits {Describe(kept[^1].Waits)}; blocks "
                + $"{Describe(kept[^1].Blocks)}");
        }

        ResultsFile.Append(RowOf(kept, SlowSystem.Waiting.Name, run => run.Waits), kept.Count);
        ResultsFile.Append(RowOf(kept, SlowSystem.Blocking.Name, run => run.Blocks), kept.Count);
    }

    private static ResultRow RowOf(List<SlowRun> runs, string peer, Func<SlowRun, SlowMeasurement> of) => new()
    {
        Command = Command,
        Settings = $"{SlowRun.Users} users ask a model that takes {SlowRun.Latency.TotalSeconds:0} s, all at once; until the last has the "
        + $"answer or gave up after 60 s; the server on core 0, fresh; mock and load on core 1",
        Ours = Of(runs, run => run.Ours),
        Peer = $"{peer}: {Of(runs, of)}",
        Ratio = Everybody(runs, run => run.Ours) / Everybody(runs, of),
        Notes = "lower is better",
    };

    private static double Everybody(List<SlowRun> runs, Func<SlowRun, SlowMeasurement> of) =>
        Median.Of(runs, run => of(run).Everybody.TotalSeconds);

    private static string Of(List<SlowRun> runs, Func<SlowRun, SlowMeasurement> of) => Invariant(
        $"{Everybody(runs, of):0.0} s, {runs.Sum(run => of(run).Lost)} lost, {Median.Of(runs, run => of(run).Threads):0} threads, /health ")
        + Invariant($"at worst {Median.Of(runs, run => of(run).Health.Longest.TotalMilliseconds):0} ms");

    private static string Describe(SlowMeasurement one) =>
        Invariant($"{one.Everybody.TotalSeconds:0.0} s, {one.Lost} lost, {one.Threads} threads, /health max ")
            + Invariant($"{one.Health.Longest.TotalMilliseconds:0} ms");
}
