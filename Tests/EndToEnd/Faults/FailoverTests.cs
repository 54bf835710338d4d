using AiPlatform.Chaos.Faults;
using AiPlatform.Tests.Fixtures;
using Xunit;

namespace AiPlatform.Tests.EndToEnd.Faults;

/// <summary>
/// A Redis with a replica fails over during load. The replica is up to date when the primary is killed, so no accepted job may be lost. A
/// replica that lags loses data whatever this platform does (docs/reliability.md).
/// </summary>
public sealed class FailoverTests
{
    [Fact]
    public Task PrimarySwappedAndKilled_BothNamedInTheConnectionString_EveryAcceptedJobSucceedsOnce() =>
        Scenario.RunAsync(ScaleOf(Promotion.ByHand, [FaultKind.SwapPair, FaultKind.FailOver], faults: 2));

    [Fact]
    public Task PrimaryKilled_SentinelPromotesTheReplica_EveryAcceptedJobSucceedsOnce() =>
        Scenario.RunAsync(ScaleOf(Promotion.BySentinel, [FaultKind.FailOver], faults: 1));

    [Fact]
    public async Task GatewayStarted_BeforeItsSentinel_ServesOnceItIsThere()
    {
        await using var redis = new RedisProcess();
        await using var sentinel = new RedisSentinel("late", redis.Port);
        await redis.StartAsync();
        await using var gateway = AiProcess.Start("Gateway", [("ConnectionStrings__redis", $"127.0.0.1:{sentinel.Port},serviceName=late")]);
        using var http = new HttpClient();
        await gateway.UntilReadyAsync(http);
        var before = await http.GetStringAsync(new Uri(gateway.Address, "/health"), TestContext.Current.CancellationToken);

        await sentinel.StartAsync();

        Assert.Contains("Redis cannot be reached", before, StringComparison.Ordinal);
        await Poll.UntilAsync(
            async () => (await http.GetStringAsync(new Uri(gateway.Address, "/health"))).Contains(
                "Redis answers", StringComparison.Ordinal),
            "the Gateway finds Redis");
    }

    [Theory]
    [InlineData("ByHand")]
    [InlineData("BySentinel")]
    [Trait("Category", "Long")]
    public Task PrimaryKilled_AgainAndAgainWithTheProcesses_EveryAcceptedJobSucceedsOnce(string promotion) => Scenario.RunAsync(ScaleOf(
        Enum.Parse<Promotion>(promotion), [FaultKind.FailOver, FaultKind.KillWorker, FaultKind.FailOver, FaultKind.KillGateway],
        faults: 16));

    private static FaultScale ScaleOf(Promotion promotion, FaultKind[] round, int faults) => new()
    {
        Redis = () => new RedisPair(promotion, "everysec"),
        Round = round,
        Faults = faults,
        ProcessesOfAKind = 1,
        Clients = 4,
        LongestPause = TimeSpan.FromMilliseconds(100),
        ResultTtl = TimeSpan.FromHours(1),
        LooksAgain = true,
    };
}
