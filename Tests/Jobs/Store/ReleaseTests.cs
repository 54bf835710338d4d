using AiPlatform.Jobs;
using AiPlatform.Jobs.Redis;
using AiPlatform.Tests.Fixtures;
using Xunit;

namespace AiPlatform.Tests.Jobs.Store;

public sealed class ReleaseTests(RedisServer redis) : IClassFixture<RedisServer>
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task ReleaseAsync_WithoutError_TakesItsOldPlaceUncounted()
    {
        await using var sut = CreateSut(("Jobs:MaxFailures", "1"), ("Jobs:MaxLostLeases", "1"));
        var first = await sut.SubmitAndLeaseAsync();
        var second = await sut.SubmitAsync();

        var released = await sut.Store.ReleaseAsync(first, null, Ct);
        var leased = await sut.LeaseAsync(2);

        Assert.Equal(ReleaseOutcome.Requeued, released);
        Assert.Equal([first.Id, second], leased.Select(job => job.Id));
        Assert.Equal([2, 1], leased.Select(job => job.Attempt));
    }

    [Fact]
    public async Task ReleaseAsync_WithoutError_RingsForWhoWaits()
    {
        await using var sut = CreateSut();
        var job = await sut.SubmitAndLeaseAsync();
        await sut.LeaseAsync(1, worker: "worker-2");
        var doorbell = await Listener.OnAsync(redis, RedisKeys.Doorbell(sut.Queue));

        await sut.Store.ReleaseAsync(job, null, Ct);

        Assert.Single(await doorbell.MessagesAsync());
    }

    [Fact]
    public async Task ReleaseAsync_WithError_IsTriedAgainUntilTheLimitThenFails()
    {
        await using var sut = CreateSut(("Jobs:MaxFailures", "3"), ("Jobs:RetryDelay", "00:00:00.001"));
        var job = await sut.SubmitAndLeaseAsync();
        List<ReleaseOutcome> outcomes = [await sut.Store.ReleaseAsync(job, StoreSut.Failed, Ct)];

        while (outcomes[^1] == ReleaseOutcome.Requeued)
        {
            IReadOnlyList<LeasedJob> leased = [];
            await Poll.UntilAsync(async () => (leased = await sut.LeaseAsync(1)).Count == 1, "the retry is due");
            outcomes.Add(await sut.Store.ReleaseAsync(leased[0], StoreSut.Failed, Ct));
        }

        Assert.Equal([ReleaseOutcome.Requeued, ReleaseOutcome.Requeued, ReleaseOutcome.Failed], outcomes);
        var read = await sut.ReadAsync(job.Id);
        Assert.Equal((JobStatus.Failed, 3, StoreSut.Failed), (read.Status, read.Attempts, read.Error));
    }

    [Fact]
    public async Task ReleaseAsync_WithErrorAgainAndAgain_DelayDoubles()
    {
        await using var sut = CreateSut(("Jobs:MaxFailures", "10"), ("Jobs:RetryDelay", "00:10:00"));
        var job = await sut.SubmitAndLeaseAsync();

        List<double> minutes = [];
        for (var i = 0; i < 4; i++)
        {
            await sut.Store.ReleaseAsync(job, StoreSut.Failed, Ct);
            var due = await sut.Database.SortedSetScoreAsync(sut.Key("delayed"), job.Id.Key);
            var (read, depth) = (await sut.ReadAsync(job.Id), (await sut.Operations.ReadAsync(sut.Queue, Ct)).Depth);
            minutes.Add((due!.Value - read.History.Changes[^1].At.ToUnixTimeMilliseconds()) / 60_000);
            Assert.Equal((JobStatus.Queued, null, 1), (read.Status, read.Position, depth));
            Assert.Empty(await sut.LeaseAsync(1));
            await sut.PassAsync("delayed", job.Id);
            job = await sut.LeaseOneAsync();
        }

        Assert.Equal([10, 20, 40, 80], minutes);
    }

    [Fact]
    public async Task SweepAsync_RetryIsDue_WaitsInItsOldPlaceAndRings()
    {
        await using var sut = CreateSut(("Jobs:RetryDelay", "00:10:00"));
        var failed = await sut.SubmitAndLeaseAsync();
        await sut.LeaseAsync(1);
        await sut.Store.ReleaseAsync(failed, StoreSut.Failed, Ct);
        var doorbell = await Listener.OnAsync(redis, RedisKeys.Doorbell(sut.Queue));

        var early = await sut.SweepAsync();
        await sut.PassAsync("delayed", failed.Id);
        var due = await sut.SweepAsync();

        Assert.Equal((default, new SweepResult(0, 0, 0, 1)), (early, due));
        Assert.Single(await doorbell.MessagesAsync());
        var later = await sut.SubmitAsync();
        Assert.Equal([failed.Id, later], (await sut.LeaseAsync(2)).Select(job => job.Id));
    }

    [Fact]
    public async Task ReleaseAsync_NoLongerOurs_IsRefused()
    {
        await using var sut = CreateSut();
        var lost = await sut.SubmitAndLeaseAsync();
        await sut.LoseAsync(lost);
        var queued = await sut.Store.ReleaseAsync(lost, StoreSut.Failed, Ct);
        var second = await sut.LeaseOneAsync();
        var older = await sut.Store.ReleaseAsync(lost, null, Ct);
        await sut.CommitAsync(second);
        var ended = await sut.Store.ReleaseAsync(second, StoreSut.Failed, Ct);
        var unknown = await sut.Store.ReleaseAsync(lost with { Id = JobId.New(sut.Queue, TimeProvider.System.GetUtcNow()) }, null, Ct);

        Assert.All([queued, older, ended, unknown], outcome => Assert.Equal(ReleaseOutcome.Refused, outcome));
        Assert.Equal(JobStatus.Succeeded, await sut.StatusAsync(lost.Id));
    }

    [Fact]
    public async Task Failures_AndLostLeases_AreCountedApart()
    {
        await using var sut = CreateSut(("Jobs:MaxFailures", "3"), ("Jobs:MaxLostLeases", "3"), ("Jobs:RetryDelay", "00:00:00"));
        var (fails, loses) = (await sut.SubmitAndLeaseAsync(), await sut.SubmitAndLeaseAsync());

        // A job survives two of each kind in any order; the third of one kind ends it.
        fails = await FailAsync(sut, await LoseAsync(sut, await FailAsync(sut, await LoseAsync(sut, fails))));
        var failed = await sut.Store.ReleaseAsync(fails, StoreSut.Failed, Ct);
        loses = await LoseAsync(sut, await LoseAsync(sut, await FailAsync(sut, await FailAsync(sut, loses))));
        var swept = await sut.LoseAsync(loses);

        Assert.Equal(ReleaseOutcome.Failed, failed);
        Assert.Equal(new SweepResult(0, 1, 0, 0), swept);
        var (one, other) = (await sut.ReadAsync(fails.Id), await sut.ReadAsync(loses.Id));
        Assert.Equal((5, InferenceErrorKind.ModelFailed), (one.Attempts, one.Error!.Kind));
        Assert.Equal((5, InferenceErrorKind.LeaseLost), (other.Attempts, other.Error!.Kind));
    }

    private static async Task<LeasedJob> FailAsync(StoreSut sut, LeasedJob job)
    {
        Assert.Equal(ReleaseOutcome.Requeued, await sut.Store.ReleaseAsync(job, StoreSut.Failed, Ct));
        return await NextAsync(sut, job);
    }

    private static async Task<LeasedJob> LoseAsync(StoreSut sut, LeasedJob job)
    {
        Assert.Equal(1, (await sut.LoseAsync(job)).Requeued);
        return await NextAsync(sut, job);
    }

    private static async Task<LeasedJob> NextAsync(StoreSut sut, LeasedJob job)
    {
        var next = Assert.Single((await sut.Store.LeaseAsync(sut.Queue, StoreSut.Worker, 1, 1_000_000, isIdle: true, Ct)).Jobs);
        Assert.Equal((job.Id, job.Attempt + 1), (next.Id, next.Attempt));
        return next;
    }

    private StoreSut CreateSut(params (string, string)[] settings) => StoreSut.On(redis, settings);
}
