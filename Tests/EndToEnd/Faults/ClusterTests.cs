using AiPlatform.Chaos.Faults;
using Xunit;

namespace AiPlatform.Tests.EndToEnd.Faults;

/// <summary>A Redis Cluster of three servers, with one model's queue on each server.</summary>
public sealed class ClusterTests
{
    /// <summary>The models' queues are on the first, the second and the third server.</summary>
    private static readonly string[] Models = ["model-a", "model-b", "model-c"];

    [Fact]
    public Task ServersAndWorkersKilled_QueuesOnThreeServers_EveryAcceptedJobSucceedsOnce() =>
        Scenario.RunAsync(ScaleOf([FaultKind.KillRedis, FaultKind.KillWorker], faults: 2));

    [Fact]
    [Trait("Category", "Long")]
    public Task EverythingKilledOrRefused_QueuesOnThreeServers_EveryAcceptedJobSucceedsOnce() => Scenario.RunAsync(ScaleOf(
        [FaultKind.KillRedis, FaultKind.KillWorker, FaultKind.FillRedis, FaultKind.StopWorker, FaultKind.KillGateway,
            FaultKind.ForgetScripts], faults: 24));

    private static FaultScale ScaleOf(FaultKind[] round, int faults) => new()
    {
        Redis = () => new RedisNodes("always"),
        Models = Models,
        Round = round,
        Faults = faults,
        ProcessesOfAKind = 1,
        Clients = 4,
        LongestPause = TimeSpan.FromMilliseconds(100),
        ResultTtl = TimeSpan.FromHours(1),
        LooksAgain = true,
    };
}
