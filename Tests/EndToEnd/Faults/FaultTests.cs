using AiPlatform.Chaos.Faults;
using Xunit;

namespace AiPlatform.Tests.EndToEnd.Faults;

/// <summary>Workers, Gateways and Redis are killed repeatedly: no accepted job is lost, and none is answered twice.</summary>
public sealed class FaultTests
{
    private static readonly FaultKind[] Round =
    [
        FaultKind.KillWorker, FaultKind.KillWorker, FaultKind.KillWorker, FaultKind.StopWorker, FaultKind.StopWorker,
        FaultKind.KillGateway, FaultKind.KillGateway, FaultKind.KillGateway, FaultKind.KillRedis, FaultKind.KillRedis,
    ];

    [Fact]
    public Task EverythingKilled_AtRandomPoints_EveryAcceptedJobSucceedsOnce() => Scenario.RunAsync(new FaultScale
    {
        Round = Round,
        Faults = Round.Length,
        Clients = 6,
        LongestPause = TimeSpan.FromMilliseconds(150),
        ResultTtl = TimeSpan.FromSeconds(35),
        WaitsForExpiry = true,
    });

    [Fact]
    [Trait("Category", "Long")]
    public Task EverythingKilled_EveryTwoSecondsForTenThousandJobs_EveryAcceptedJobSucceedsOnce() => Scenario.RunAsync(new FaultScale
    {
        Round = Round,
        Requests = 10_000,
        Clients = 16,
        LongestPause = TimeSpan.Zero,
        ResultTtl = TimeSpan.FromMinutes(2),
        WaitsForExpiry = true,
    });
}
