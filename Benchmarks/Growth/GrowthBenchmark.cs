using AiPlatform.Benchmarks.Processes;
using AiPlatform.Benchmarks.Results;
using static System.FormattableString;

namespace AiPlatform.Benchmarks.Growth;

/// <summary>
/// Measures what the calls of the store cost beside much other work: waiting jobs, tenants, models and workers. Each is compared with an
/// empty system in the same run.
/// </summary>
internal static class GrowthBenchmark
{
    private const string Command = "./ai bench growth";

    private static readonly (string Name, Func<GrowthMeasurement, double> Value)[] Calls =
    [
        ("submit", one => one.SubmitMilliseconds),
        ("lease", one => one.LeaseMilliseconds),
        ("commit", one => one.CommitMilliseconds),
        (Invariant($"list of {GrowthRun.PageSize} jobs"), one => one.ListMilliseconds),
        ("sweep", one => one.SweepMilliseconds),
        ("catalog", one => one.CatalogMilliseconds),
    ];

    public static async Task RunAsync(int runs, CancellationToken cancellationToken)
    {
        RequiredTools.Require("redis-server");
        var measured = GrowthLoad.All.ToDictionary(load => load, _ => new List<GrowthMeasurement>());
        for (var run = 1; run <= runs; run++)
        {
            foreach (var load in GrowthLoad.All)
            {
                var one = await GrowthRun.MeasureAsync(load, cancellationToken);
                measured[load].Add(one);
                Console.WriteLine(Invariant($"run {run}, {load.Name}: {Describe([one])}"));
            }
        }

        var empty = measured[GrowthLoad.Empty];
        foreach (var load in GrowthLoad.All.Where(load => load != GrowthLoad.Empty)) Report(load, measured[load], empty);
    }

    private static void Report(GrowthLoad load, List<GrowthMeasurement> ours, List<GrowthMeasurement> empty)
    {
        double one = Median.Of(ours, OneJob), alone = Median.Of(empty, OneJob);
        ResultsFile.Append(
            new ResultRow
            {
                Command = Command,
                Settings = Invariant($"p50 of submit, lease and commit of one job beside {load.Name}; {GrowthRun.Jobs} jobs that a ")
                    + "Gateway waits for, payload and result 200 bytes, Redis with AOF everysec",
                Ours = Invariant($"{one:0.000} ms"),
                Peer = Invariant($"{GrowthLoad.Empty.Name}: {alone:0.000} ms"),
                Ratio = one / alone,
                Notes = $"lower is better; {Describe(ours)}; empty: {Describe(empty)}",
            },
            ours.Count);
    }

    private static double OneJob(GrowthMeasurement one) => one.SubmitMilliseconds + one.LeaseMilliseconds + one.CommitMilliseconds;

    private static string Describe(List<GrowthMeasurement> runs)
    {
        var calls = string.Join(", ", Calls.Select(call => Invariant($"{call.Name} {Median.Of(runs, call.Value):0.000}")));
        var memory = runs[0].BytesPerWaitingJob is null
            ? "" : Invariant($"; {Median.Of(runs, one => one.BytesPerWaitingJob!.Value):0} B of Redis' memory a waiting job");
        return Invariant($"ms: {calls}; {Median.Of(runs, one => one.ScriptMicroseconds):0} µs a job inside Redis' scripts{memory}; ")
            + Invariant($"others used {Median.Of(runs, one => one.OtherCores):0.00} cores");
    }
}
