using AiPlatform.Benchmarks.Processes;
using AiPlatform.Benchmarks.Results;

namespace AiPlatform.Benchmarks.Providers;

/// <summary>
/// Measures the Gateway in front of a provider on one core, and compares with the Portkey gateway, a bare proxy in .NET, and the provider
/// itself. The load and the provider run on the other core.
/// </summary>
internal static class ProvidersBenchmark
{
    public static async Task RunAsync(int runs, CancellationToken cancellationToken)
    {
        RequiredTools.Require("redis-server", "node", "npm", "gcc", "taskset");
        RequiredTools.RequireTwoCores("Gateway");
        await PeerPackages.Common.InstallAsync(cancellationToken);
        await LoadGenerator.CompileAsync(cancellationToken);
        await MockProvider.CompileAsync(cancellationToken);

        var kept = await QuietRuns.TakeAsync(
            runs, number => MeasureAsync(number, cancellationToken), run => run.OtherCores, () => QuietRuns.WaitAsync(cancellationToken));
        var isQuiet = QuietRuns.IsQuiet(kept.Max(run => run.OtherCores));
        foreach (var row in ProvidersReport.RowsOf(kept)) ResultsFile.Append(row, kept.Count, isQuiet);
    }

    private static async Task<ProvidersRun> MeasureAsync(int number, CancellationToken cancellationToken)
    {
        var run = await ProvidersRun.MeasureAsync(cancellationToken);
        Console.WriteLine($"run {number}: {ProvidersReport.Describe(run)}");
        return run;
    }
}
