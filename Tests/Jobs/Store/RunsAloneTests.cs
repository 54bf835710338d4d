using AiPlatform.Jobs;
using AiPlatform.Tests.Fixtures;
using Xunit;

namespace AiPlatform.Tests.Jobs.Store;

/// <summary>A job whose worker died twice runs alone.</summary>
public sealed class RunsAloneTests(RedisServer redis) : IClassFixture<RedisServer>
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task LeaseAsync_LostOnce_RunsLikeAnyOther()
    {
        await using var sut = CreateSut();
        var lost = await sut.SubmitAsync();
        await sut.LoseAsync(lost, 1);
        var other = await sut.SubmitAsync();

        var leased = await BusyAsync(sut, "worker-1");

        Assert.False(leased.WantsIdle);
        Assert.Equal([lost, other], leased.Jobs.Select(job => job.Id));
    }

    [Fact]
    public async Task LeaseAsync_LostTwice_OneBusyWorkerIsAskedToBecomeIdle()
    {
        await using var sut = CreateSut();
        var (alone, others) = await AloneAndOthersAsync(sut, 3);

        var asked = await BusyAsync(sut, "worker-1");
        var notAsked = await BusyAsync(sut, "worker-2", most: 1);
        var askedAgain = await BusyAsync(sut, "worker-1");
        var read = await sut.ReadAsync(alone);

        Assert.Equal((0, true, false), (asked.Jobs.Count, asked.WantsIdle, asked.MustRunAlone));
        Assert.Equal((others[0], false), (Assert.Single(notAsked.Jobs).Id, notAsked.WantsIdle));
        Assert.Equal((0, true), (askedAgain.Jobs.Count, askedAgain.WantsIdle));
        Assert.Equal((JobStatus.Queued, null), (read.Status, read.Position));
    }

    [Fact]
    public async Task LeaseAsync_LostTwice_IdleWorkerGetsItAndNothingElse()
    {
        await using var sut = CreateSut();
        var (alone, others) = await AloneAndOthersAsync(sut, 3);
        await BusyAsync(sut, "worker-1");

        var leased = await IdleAsync(sut, "worker-2", most: 10);
        var asked = await BusyAsync(sut, "worker-1");

        Assert.Equal((alone, 3), (Assert.Single(leased.Jobs).Id, leased.Jobs[0].Attempt));
        Assert.Equal((true, false), (leased.MustRunAlone, leased.WantsIdle));
        Assert.False(asked.WantsIdle);
        Assert.Equal(others, asked.Jobs.Select(job => job.Id));
        await sut.CommitAsync(leased.Jobs[0]);
    }

    [Fact]
    public async Task LeaseAsync_WorkerThatWasAskedNeverComes_AnotherIsAskedAfterALease()
    {
        await using var sut = CreateSut(("Jobs:LeaseDuration", "00:00:03"));
        await AloneAndOthersAsync(sut, 1);
        await BusyAsync(sut, "worker-1");

        var asked = 0;
        await Poll.UntilAsync(async () => (await BusyAsync(sut, "worker-2")).WantsIdle && ++asked > 0, "another worker is asked");

        Assert.False((await BusyAsync(sut, "worker-1")).WantsIdle);
        var leased = await IdleAsync(sut, "worker-2");
        Assert.True(leased.MustRunAlone);
    }

    [Fact]
    public async Task LeaseAsync_TwoMustRunAlone_EachHasAWorkerOfItsOwn()
    {
        await using var sut = CreateSut();
        var (first, _) = await AloneAndOthersAsync(sut, 0);
        var (second, others) = await AloneAndOthersAsync(sut, 1, lose: 2, alreadyAlone: first);

        var one = await IdleAsync(sut, "worker-1");
        var busy = await BusyAsync(sut, "worker-2");
        var other = await IdleAsync(sut, "worker-2");
        var rest = await IdleAsync(sut, "worker-3");

        Assert.Equal(new HashSet<JobId> { first, second }, [.. new[] { one, other }.Select(leased => Assert.Single(leased.Jobs).Id)]);
        Assert.True(busy.WantsIdle);
        Assert.Equal((true, true, false), (one.MustRunAlone, other.MustRunAlone, rest.MustRunAlone));
        Assert.Equal(others, rest.Jobs.Select(job => job.Id));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task ReleaseAsync_OneThatRunsAlone_RunsAloneAgain(bool failed)
    {
        await using var sut = CreateSut(("Jobs:RetryDelay", "00:10:00"));
        var (alone, others) = await AloneAndOthersAsync(sut, 1);
        var first = Assert.Single((await IdleAsync(sut, "worker-1")).Jobs);

        await sut.Store.ReleaseAsync(first, failed ? StoreSut.Failed : null, Ct);
        if (failed)
        {
            Assert.Equal(others, (await BusyAsync(sut, "worker-2")).Jobs.Select(job => job.Id));
            await sut.PassAsync("delayed", alone);
        }

        Assert.True((await BusyAsync(sut, "worker-1")).WantsIdle);
        var leased = await IdleAsync(sut, "worker-1");
        Assert.Equal((alone, true), (Assert.Single(leased.Jobs).Id, leased.MustRunAlone));
    }

    [Fact]
    public async Task CancelAsync_OneThatWaitsToRunAlone_NobodyIsAskedAnyMore()
    {
        await using var sut = CreateSut();
        var (alone, others) = await AloneAndOthersAsync(sut, 1);

        Assert.Equal(JobStatus.Queued, await sut.Store.CancelAsync(alone, Tenants.Anonymous, Ct));

        var leased = await BusyAsync(sut, "worker-1");
        Assert.False(leased.WantsIdle);
        Assert.Equal(others, leased.Jobs.Select(job => job.Id));
    }

    [Fact]
    public async Task LeaseAsync_DeadlineOfTheOneAloneHasPassed_IdleWorkerGetsWhatElseWaits()
    {
        await using var sut = CreateSut();
        var span = TimeSpan.FromSeconds(2);
        var alone = await sut.SubmitAsync(sut.Submission(deadline: span));
        await sut.LoseAsync(alone, 2);
        var other = await sut.SubmitAsync();
        await sut.PassAsync(span);

        var leased = await IdleAsync(sut, "worker-1");

        Assert.Equal((other, false), (Assert.Single(leased.Jobs).Id, leased.MustRunAlone));
        Assert.Equal(JobStatus.Expired, await sut.StatusAsync(alone));
        Assert.False((await BusyAsync(sut, "worker-2")).WantsIdle);
    }

    [Fact]
    public async Task LeaseAsync_Paused_NobodyIsAsked()
    {
        await using var sut = CreateSut();
        await AloneAndOthersAsync(sut, 1);
        await sut.Operations.PauseAsync(sut.Queue, Ct);

        var (busy, idle) = (await BusyAsync(sut, "worker-1"), await IdleAsync(sut, "worker-1"));

        Assert.All([busy, idle], leased => Assert.Equal((0, false, false), (leased.Jobs.Count, leased.WantsIdle, leased.MustRunAlone)));
    }

    [Fact]
    public async Task RequeueAsync_AfterItWasLostTooOften_CountsAnew()
    {
        await using var sut = CreateSut(("Jobs:MaxLostLeases", "3"));
        var job = await sut.SubmitAsync();
        await sut.LoseAsync(job, 3);
        Assert.Equal(JobStatus.Failed, await sut.StatusAsync(job));

        await sut.Store.RequeueAsync(job, Tenants.Anonymous, Ct);

        Assert.Equal(job, Assert.Single((await BusyAsync(sut, "worker-1")).Jobs).Id);
    }

    private static async Task<(JobId Alone, IReadOnlyList<JobId> Others)> AloneAndOthersAsync(
        StoreSut sut, int others, int lose = 2, JobId? alreadyAlone = null)
    {
        var alone = await sut.SubmitAsync();
        if (alreadyAlone is null)
        {
            await sut.LoseAsync(alone, lose);
        }
        else
        {
            // The worker is busy, and another one was asked to become idle.
            await BusyAsync(sut, "asked");
            for (var i = 0; i < lose; i++) await sut.LoseAsync(Assert.Single((await BusyAsync(sut, "lost")).Jobs));
        }

        return (alone, await sut.SubmitAsync(Enumerable.Range(0, others).Select(_ => sut.Submission())));
    }

    private static Task<LeaseResult> BusyAsync(StoreSut sut, string worker, int most = 10) =>
        sut.Store.LeaseAsync(sut.Queue, worker, most, 1_000_000, isIdle: false, Ct);

    private static Task<LeaseResult> IdleAsync(StoreSut sut, string worker, int most = 1) =>
        sut.Store.LeaseAsync(sut.Queue, worker, most, 1_000_000, isIdle: true, Ct);

    private StoreSut CreateSut(params (string, string)[] settings) => StoreSut.On(redis, settings);
}
