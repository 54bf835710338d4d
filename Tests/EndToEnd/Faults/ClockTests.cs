using AiPlatform.Chaos.Faults;
using Xunit;

namespace AiPlatform.Tests.EndToEnd.Faults;

/// <summary>The clock of Redis' machine, which decides leases, deadlines and expiry, is set minutes forward and back under load.</summary>
public sealed class ClockTests
{
    [Fact]
    public Task ClockStepped_DuringLoad_EveryAcceptedJobSucceedsOnce() => StepAsync([FaultKind.StepClock], faults: 3);

    [Fact]
    [Trait("Category", "Long")]
    public Task ClockStepped_WhileWorkersAreKilled_EveryAcceptedJobSucceedsOnce() =>
        StepAsync([FaultKind.StepClock, FaultKind.KillWorker, FaultKind.StepClock], faults: 30);

    private static async Task StepAsync(FaultKind[] round, int faults)
    {
        Assert.SkipWhen(FalseClock.Library is null, FalseClock.Missing);
        using var clock = new FalseClock();

        await Scenario.RunAsync(new FaultScale
        {
            Redis = () => RedisAlone.With("everysec", clock),
            Clock = clock,
            Round = round,
            Faults = faults,
            ProcessesOfAKind = 1,
            Clients = 4,
            LongestPause = TimeSpan.FromMilliseconds(100),
            ResultTtl = TimeSpan.FromHours(1),
            LooksAgain = true,
        });
    }
}
