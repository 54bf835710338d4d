using AiPlatform.Jobs;
using AiPlatform.Tests.Fixtures;
using Xunit;

namespace AiPlatform.Tests.Jobs.Store;

/// <summary>Marks in Redis that end too late because the clock was set back.</summary>
public sealed class ClockStepTests(RedisServer redis) : IClassFixture<RedisServer>
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Sweep_MarkOfTheLastOneEndsMinutesFromNow_SweepsAtOnce()
    {
        await using var sut = StoreSut.On(redis, ("Jobs:SweepInterval", "00:00:00.500"));
        var job = await sut.SubmitAndLeaseAsync();
        await sut.PassAsync("leases", job.Id);
        await sut.Database.StringSetAsync(sut.Key("swept"), "", TimeSpan.FromMinutes(3));

        var swept = await sut.Store.SweepAsync(sut.Queue, Ct);

        Assert.Equal(1, swept.Requeued);
        Assert.Equal(JobStatus.Queued, await sut.StatusAsync(job.Id));
    }
}
