using AiPlatform.Chaos.Audit;
using AiPlatform.Chaos.Faults;
using Xunit;

namespace AiPlatform.Tests.EndToEnd.Faults;

/// <summary>
/// The network between a worker and Redis fails for twice the lease: its jobs run elsewhere, and its late commits, which all arrive at
/// once, change nothing.
/// </summary>
public sealed class NetworkTests
{
    [Fact]
    public async Task WorkerCutOff_ForTwiceTheLease_ItsJobsRunElsewhereAndOnce()
    {
        var run = await Scenario.RunAsync(ScaleOf([FaultKind.CutWorker, FaultKind.ResetWorker], faults: 2));

        Assert.NotEqual(0, run.CountOf(JobAudit.RunAgain));
    }

    [Fact]
    [Trait("Category", "Long")]
    public Task WorkerCutOff_InEveryWayAgainAndAgain_ItsJobsRunElsewhereAndOnce() =>
        Scenario.RunAsync(ScaleOf([FaultKind.CutWorker, FaultKind.ResetWorker, FaultKind.HalfOpenWorker], faults: 18));

    private static FaultScale ScaleOf(FaultKind[] round, int faults) => new()
    {
        Round = round,
        Faults = faults,
        Clients = 6,
        LongestPause = TimeSpan.FromMilliseconds(20),
        ResultTtl = TimeSpan.FromHours(1),
        LooksAgain = true,
    };
}
