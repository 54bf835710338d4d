using AiPlatform.Jobs;
using AiPlatform.Tests.Fixtures;
using Xunit;

namespace AiPlatform.Tests.Jobs.Store;

/// <summary>The limit of running jobs of one tenant.</summary>
public sealed class TenantLimitTests(RedisServer redis) : IClassFixture<RedisServer>
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task LeaseAsync_TenantHasItsMostRunning_OthersAreServed()
    {
        await using var sut = CreateSut(2);
        await SubmitAsync(sut, "a", 5);
        await SubmitAsync(sut, "b", 1);

        var first = await sut.LeaseAsync(10);
        var second = await sut.LeaseAsync(10);
        await SubmitAsync(sut, "b", 3);
        var third = await sut.LeaseAsync(10);

        Assert.Equal(["a", "a", "b"], first.Select(Tenant).Order());
        Assert.Empty(second);
        Assert.Equal("b", Assert.Single(third.Select(Tenant)));
    }

    [Fact]
    public async Task LeaseAsync_TenantWaitsInEveryLane_LimitHoldsForAllTogether()
    {
        await using var sut = CreateSut(2);
        foreach (var lane in Enum.GetValues<Lane>())
            await sut.SubmitAsync(Enumerable.Range(0, 3).Select(_ => sut.Submission("a") with { Tenant = "a", Lane = lane }));

        var leased = await sut.LeaseAsync(10);
        await sut.CommitAsync(leased[0]);
        var more = await sut.LeaseAsync(10);

        Assert.Equal(2, leased.Count);
        Assert.Single(more);
    }

    [Fact]
    public async Task LeaseAsync_ManyTenantsHaveTheirMostRunning_OneBehindThemIsServed()
    {
        await using var sut = CreateSut(1);
        for (var i = 0; i < 120; i++) await SubmitAsync(sut, $"t-{i}", 2);
        var costly = sut.Submission("z") with { Tenant = "z", Cost = 50 };
        await sut.SubmitAsync(costly);
        await sut.CommitAsync((await sut.LeaseAsync(200)).Single(job => job.Id == costly.Id));
        await SubmitAsync(sut, "z", 1);

        Assert.Equal("z", Tenant(await sut.LeaseOneAsync()));
    }

    [Theory]
    [InlineData("commit")]
    [InlineData("fail")]
    [InlineData("release")]
    [InlineData("cancel")]
    [InlineData("lose")]
    [InlineData("expire")]
    public async Task LeaseAsync_ARunHasEnded_TheNextIsDue(string end)
    {
        await using var sut = CreateSut(2);
        await SubmitAsync(sut, "a", 3);
        var running = await sut.LeaseAsync(2);
        Assert.Empty(await sut.LeaseAsync(2));

        switch (end)
        {
            case "commit": await sut.CommitAsync(running[0]); break;
            case "fail": await sut.Store.ReleaseAsync(running[0], StoreSut.Failed, Ct); break;
            case "release": await sut.Store.ReleaseAsync(running[0], null, Ct); break;
            case "cancel": await sut.Store.CancelAsync(running[0].Id, "a", Ct); break;
            case "lose": await sut.LoseAsync(running[0]); break;
            case "expire":
                await sut.PassAsync("deadlines", running[0].Id);
                await sut.SweepAsync();
                break;
        }

        Assert.Single(await sut.LeaseAsync(2));
        Assert.Empty(await sut.LeaseAsync(2));
    }

    [Fact]
    public async Task LeaseAsync_SameCommitTwiceAtOnce_IsCountedOnce()
    {
        await using var sut = CreateSut(3);
        await SubmitAsync(sut, "b", 1);
        await SubmitAsync(sut, "a", 5);
        var running = await sut.LeaseAsync(4);
        var (other, one) = (running.Single(job => Tenant(job) == "b"), running.First(job => Tenant(job) == "a"));

        var stored = await sut.TogetherAsync(
            () => new[] { other, one, one }.Select(job => sut.Store.CommitAsync(job, StoreSut.Success, Ct)));

        Assert.Equal([true, true, true], stored);
        Assert.Single(await sut.LeaseAsync(10));
    }

    [Fact]
    public async Task LeaseAsync_TenantHadItsMostRunning_DoesNotMakeUpForIt()
    {
        await using var sut = CreateSut(1);
        await using var unlimited = sut.With();
        await SubmitAsync(sut, "held", 20);
        await SubmitAsync(sut, "free", 60);
        var first = await sut.LeaseAsync(2);
        var held = first.Single(job => Tenant(job) == "held");
        await sut.CommitAsync(first.Single(job => Tenant(job) == "free"));
        for (var i = 0; i < 20; i++)
        {
            var job = await sut.LeaseOneAsync();
            Assert.Equal("free", Tenant(job));
            await sut.CommitAsync(job);
        }

        await sut.CommitAsync(held);
        var leased = await unlimited.LeaseAsync(10);

        Assert.Equal(5, leased.Count(job => Tenant(job) == "held"));
    }

    private static string Tenant(LeasedJob job) => System.Text.Encoding.UTF8.GetString(job.Body.Span);

    private static Task<IReadOnlyList<JobId>> SubmitAsync(StoreSut sut, string tenant, int count) =>
        sut.SubmitAsync(Enumerable.Range(0, count).Select(_ => sut.Submission(tenant) with { Tenant = tenant }));

    private StoreSut CreateSut(int most) => StoreSut.On(redis, ("Jobs:MaxRunningPerTenant", $"{most}"));
}
