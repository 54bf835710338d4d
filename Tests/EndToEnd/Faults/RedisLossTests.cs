using AiPlatform.Chaos.Faults;
using Xunit;

namespace AiPlatform.Tests.EndToEnd.Faults;

/// <summary>
/// A Redis that does not flush every write loses its last acknowledged writes. The rest is consistent, and the system continues.
/// </summary>
public sealed class RedisLossTests
{
    [Fact]
    public Task RedisKilled_AndItsLastSecondLost_LosesNothingElseAndNoJobByHalf() => Scenario.RunAsync(new FaultScale
    {
        Redis = () => RedisAlone.With("everysec"),
        Round = [FaultKind.KillRedisAndLoseWrites],
        Faults = 3,
        Clients = 4,
        LongestPause = TimeSpan.FromMilliseconds(150),
        ResultTtl = TimeSpan.FromMinutes(2),
        WithKeys = false,
    });
}
