using System.Globalization;
using AiPlatform.Chaos;
using AiPlatform.Chaos.Faults;
using Xunit;

namespace AiPlatform.Tests.EndToEnd.Faults;

/// <summary>
/// Runs a scenario as a test. <c>AI_FAULT_SEED</c> chooses another run. A failure reports the seed, the incidents, and the writes of the
/// affected jobs.
/// </summary>
internal static class Scenario
{
    private static int Seed =>
        Environment.GetEnvironmentVariable("AI_FAULT_SEED") is { Length: > 0 } seed ? int.Parse(seed, CultureInfo.InvariantCulture) : 1;

    public static async Task<FaultRun> RunAsync(FaultScale scale)
    {
        var run = new FaultRun(Seed);
        var logs = Path.Combine(
            Checkout.Root, "artifacts", "fault-logs", string.Create(CultureInfo.InvariantCulture, $"{run.Seed}-{Environment.ProcessId}-{Guid.NewGuid():n}"));
        var outcome = await new FaultScenario(run, scale).RunAsync(logs, TestContext.Current.CancellationToken);
        TestContext.Current.TestOutputHelper?.WriteLine($"{run.Summary()}{Environment.NewLine}{run.Incidents()}");
        if (run.HasProblems)
            Assert.Fail($"{run.Report(outcome.Written.HistoryOf)}\nAgain: AI_FAULT_SEED={run.Seed}. The processes' logs lie in {logs}.");
        return run;
    }
}
