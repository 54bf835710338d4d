using AiPlatform.Benchmarks.Processes;
using AiPlatform.Benchmarks.Results;

namespace AiPlatform.Benchmarks.Https;

/// <summary>
/// Measures the Gateway before a provider behind TLS that speaks HTTP/2, as hosted providers do, and compares with HTTP/1.1 to the same
/// provider. The Gateway has one core; the load, the provider and Redis have the other.
/// </summary>
internal static class HttpsBenchmark
{
    public static async Task RunAsync(int runs, CancellationToken cancellationToken)
    {
        RequiredTools.Require("redis-server", "gcc", "taskset");
        RequiredTools.RequireTwoCores("Gateway");
        await LoadGenerator.CompileAsync(cancellationToken);

        var kept = await QuietRuns.TakeAsync(
            runs, number => MeasureAsync(number, cancellationToken), run => run.OtherCores, () => QuietRuns.WaitAsync(cancellationToken));
        var isQuiet = QuietRuns.IsQuiet(kept.Max(run => run.OtherCores));
        foreach (var row in HttpsReport.RowsOf(kept)) ResultsFile.Append(row, kept.Count, isQuiet);
    }

    private static async Task<HttpsRun> MeasureAsync(int number, CancellationToken cancellationToken)
    {
        var run = await HttpsRun.MeasureAsync(cancellationToken);
        Console.WriteLine($"run {number}: {HttpsReport.Describe(run)}");
        return run;
    }
}
