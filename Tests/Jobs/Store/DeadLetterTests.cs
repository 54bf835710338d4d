using AiPlatform.Jobs;
using AiPlatform.Jobs.Redis;
using AiPlatform.Tests.Fixtures;
using Xunit;

namespace AiPlatform.Tests.Jobs.Store;

public sealed class DeadLetterTests(RedisServer redis) : IClassFixture<RedisServer>
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task ReadAsync_FailedForGood_CountsAsDead()
    {
        await using var sut = CreateSut(("Jobs:MaxLostLeases", "1"));
        await sut.KillAsync();
        await sut.LoseAsync(await sut.SubmitAsync(), 1);
        await sut.Store.CommitAsync(await sut.SubmitAndLeaseAsync(), JobOutcome.Failure(StoreSut.Failed), Ct);
        await sut.CommitAsync(await sut.SubmitAndLeaseAsync());

        var state = await sut.Operations.ReadAsync(sut.Queue, Ct);

        Assert.Equal((2, 0, 0), (state.Dead, state.Depth, state.Running));
    }

    [Fact]
    public async Task RequeueAsync_DeadLetter_IsDeadNoMore()
    {
        await using var sut = CreateSut();
        var (requeued, left) = (await sut.KillAsync(), await sut.KillAsync());

        await sut.Store.RequeueAsync(requeued, Tenants.Anonymous, Ct);
        await sut.CommitAsync(await sut.LeaseOneAsync());
        var all = await sut.Operations.RequeueDeadAsync(sut.Queue, Ct);

        Assert.Equal(1, all);
        Assert.Equal((JobStatus.Succeeded, JobStatus.Queued), (await sut.StatusAsync(requeued), await sut.StatusAsync(left)));
        Assert.Equal((0, 1), await DeadAndDepthAsync(sut));
    }

    [Fact]
    public async Task CancelAsync_DeadLetter_IsLeft()
    {
        await using var sut = CreateSut();
        var dead = await sut.KillAsync();

        Assert.Equal(JobStatus.Failed, await sut.Store.CancelAsync(dead, Tenants.Anonymous, Ct));

        Assert.Equal(JobStatus.Failed, await sut.StatusAsync(dead));
        Assert.Equal((1, 0), await DeadAndDepthAsync(sut));
    }

    [Fact]
    public async Task RequeueDeadAsync_Hundreds_AllWaitAgainWhateverTheLimits()
    {
        await using var sut = CreateSut(("Jobs:MaxQueueDepth", "5"), ("Jobs:MaxQueuedPerTenant", "5"));
        var dead = await KillManyAsync(sut, 250);
        Assert.Equal((250, 0), await DeadAndDepthAsync(sut));
        await sut.LeaseAsync(1);
        var doorbell = await Listener.OnAsync(redis, RedisKeys.Doorbell(sut.Queue));

        var requeued = await sut.Operations.RequeueDeadAsync(sut.Queue, Ct);

        Assert.Equal(250, requeued);
        Assert.Equal((0, 250), await DeadAndDepthAsync(sut));
        Assert.Single(await doorbell.MessagesAsync());
        Assert.Equal(dead.ToHashSet(), [.. (await sut.LeaseAsync(256)).Select(job => job.Id)]);
        Assert.Equal(0, await sut.Operations.RequeueDeadAsync(sut.Queue, Ct));
    }

    [Fact]
    public async Task RequeueDeadAsync_TheyDieAgainAtOnce_EndsAllTheSame()
    {
        await using var sut = CreateSut();
        var dead = await KillManyAsync(sut, 250);
        using var enough = new CancellationTokenSource();
        var dying = Task.Run(
            async () =>
            {
                while (!enough.IsCancellationRequested)
                    foreach (var job in await sut.LeaseAsync(10)) await sut.Store.ReleaseAsync(job, StoreSut.Failed, Ct);
            },
            Ct);

        var requeued = await sut.Operations.RequeueDeadAsync(sut.Queue, Ct);
        await Poll.UntilAsync(async () => await DeadAndDepthAsync(sut) == (250, 0), "all have died again");
        await enough.CancelAsync();
        await dying;

        // A job that dies in the millisecond of the call may be read once more.
        Assert.InRange(requeued, 250, 260);
        foreach (var job in dead) Assert.InRange((await sut.ReadAsync(job)).Attempts, 2, 3);
    }

    [Fact]
    public async Task RequeueDeadAsync_RecordIsGone_IsForgotten()
    {
        await using var sut = CreateSut();
        var (gone, there) = (await sut.KillAsync(), await sut.KillAsync());
        await sut.Database.KeyDeleteAsync(sut.Key($"job:{gone.Key}"));

        var requeued = await sut.Operations.RequeueDeadAsync(sut.Queue, Ct);

        Assert.Equal(1, requeued);
        Assert.Equal((0, 1), await DeadAndDepthAsync(sut));
        Assert.Equal(there, (await sut.LeaseOneAsync()).Id);
    }

    [Fact]
    public async Task DeadLetter_AfterItsTime_IsGone()
    {
        await using var sut = CreateSut(("Jobs:DeadLetterTtl", "00:00:01"), ("Jobs:ResultTtl", "24:00:00"));
        var dead = await sut.KillAsync();

        await Poll.UntilAsync(async () => await sut.Store.ReadAsync(dead, null, false, Ct) is null, "the dead letter expires");
        await sut.SweepAsync();

        Assert.Equal((0, 0), await DeadAndDepthAsync(sut));
        Assert.Empty(await sut.KeysAsync());
    }

    [Fact]
    public async Task DeadLetter_ResultsAreKeptForLess_IsKeptLonger()
    {
        await using var sut = CreateSut(("Jobs:DeadLetterTtl", "01:00:00"), ("Jobs:ResultTtl", "00:01:00"));

        var dead = await sut.KillAsync();

        var left = await sut.Database.KeyTimeToLiveAsync(sut.Key($"job:{dead.Key}"));
        Assert.InRange(left!.Value, TimeSpan.FromMinutes(55), TimeSpan.FromHours(1));
    }

    private static async Task<IReadOnlyList<JobId>> KillManyAsync(StoreSut sut, int count)
    {
        await using var unlimited = sut.With(("Jobs:MaxFailures", "1"));
        var jobs = await unlimited.SubmitAsync(Enumerable.Range(0, count).Select(_ => sut.Submission()));
        await Task.WhenAll((await unlimited.LeaseAsync(count)).Select(job => unlimited.Store.ReleaseAsync(job, StoreSut.Failed, Ct)));
        return jobs;
    }

    private static async Task<(long Dead, long Depth)> DeadAndDepthAsync(StoreSut sut)
    {
        var state = await sut.Operations.ReadAsync(sut.Queue, Ct);
        return (state.Dead, state.Depth + state.Running);
    }

    private StoreSut CreateSut(params (string, string)[] settings) => StoreSut.On(redis, [("Jobs:MaxFailures", "1"), .. settings]);
}
