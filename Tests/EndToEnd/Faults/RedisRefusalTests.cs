using AiPlatform.Chaos.Faults;
using Xunit;

namespace AiPlatform.Tests.EndToEnd.Faults;

/// <summary>
/// A Redis that runs but refuses commands: accepted jobs stay, submits are 503 in the meantime, and everything continues by itself.
/// </summary>
public sealed class RedisRefusalTests
{
    private static readonly FaultKind[] Refusals =
        [FaultKind.MakeRedisReplica, FaultKind.FillRedis, FaultKind.ForgetScripts, FaultKind.HoldScript];

    [Fact]
    public Task RedisReplicaFullBusyOrWithoutScripts_DuringLoad_EveryAcceptedJobSucceedsOnce() =>
        Scenario.RunAsync(ScaleOf(Refusals.Length));

    [Fact]
    [Trait("Category", "Long")]
    public Task RedisReplicaFullBusyOrWithoutScripts_AgainAndAgain_EveryAcceptedJobSucceedsOnce() =>
        Scenario.RunAsync(ScaleOf(15 * Refusals.Length));

    private static FaultScale ScaleOf(int faults) => new()
    {
        Round = Refusals,
        Faults = faults,
        ProcessesOfAKind = 1,
        Clients = 4,
        LongestPause = TimeSpan.FromMilliseconds(100),
        ResultTtl = TimeSpan.FromHours(1),
        LooksAgain = true,
    };
}
