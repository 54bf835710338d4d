using AiPlatform.Jobs;
using AiPlatform.Jobs.Redis;
using AiPlatform.Tests.Fixtures;
using Xunit;

namespace AiPlatform.Tests.Jobs.Store;

public sealed class SweepTests(RedisServer redis) : IClassFixture<RedisServer>
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task SweepAsync_LeaseEnds_JobIsLeasedAgainWithoutAnybodysHelp()
    {
        await using var sut = CreateSut(("Jobs:LeaseDuration", "00:00:01"), ("Jobs:SweepInterval", "00:00:00.050"));
        var job = await sut.SubmitAndLeaseAsync();

        SweepResult swept = default;
        await Poll.UntilAsync(async () => (swept = await sut.Store.SweepAsync(sut.Queue, Ct)) != default, "a sweep finds the lost lease");
        var read = await sut.ReadAsync(job.Id);
        var again = await sut.LeaseOneAsync();

        Assert.Equal(new SweepResult(1, 0, 0, 0), swept);
        Assert.Equal((JobStatus.Queued, 1), (read.Status, read.Attempts));
        Assert.InRange(read.History.Changes[^1].At - read.StartedAt!.Value, TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(30));
        Assert.Equal((job.Id, 2), (again.Id, again.Attempt));
    }

    [Fact]
    public async Task SweepAsync_LostTooOften_FailsForGood()
    {
        await using var sut = CreateSut(("Jobs:MaxLostLeases", "2"));
        var job = await sut.SubmitAndLeaseAsync();
        await sut.LoseAsync(job);

        var swept = await sut.LoseAsync(await sut.LeaseOneAsync());

        Assert.Equal(new SweepResult(0, 1, 0, 0), swept);
        var read = await sut.ReadAsync(job.Id);
        Assert.Equal((JobStatus.Failed, InferenceErrorKind.LeaseLost, 2), (read.Status, read.Error!.Kind, read.Attempts));
        Assert.Contains(" 2 times", read.Error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task SweepAsync_LeaseOrTimeIsOver_TellsTheWorkerAndRings()
    {
        await using var sut = CreateSut();
        var (slow, gone) = (RedisServer.Unique("w"), RedisServer.Unique("w"));
        var (slowHears, goneHears) =
            (await Listener.OnAsync(redis, RedisKeys.Worker(slow)), await Listener.OnAsync(redis, RedisKeys.Worker(gone)));
        var doorbell = await Listener.OnAsync(redis, RedisKeys.Doorbell(sut.Queue));
        var late = await sut.SubmitAndLeaseAsync(worker: slow);
        var lost = await sut.SubmitAndLeaseAsync(worker: gone);
        await sut.LeaseAsync(1, worker: "waits");
        await sut.PassAsync("deadlines", late.Id);

        await sut.LoseAsync(lost);

        Assert.Equal([$"{sut.Queue} {late.Id.Key} 1"], await slowHears.MessagesAsync());
        Assert.Equal([$"{sut.Queue} {lost.Id.Key} 1"], await goneHears.MessagesAsync());
        Assert.Single(await doorbell.MessagesAsync());
    }

    [Fact]
    public async Task SweepAsync_DeadlinePassed_EndsWhateverHasNotEnded()
    {
        await using var sut = CreateSut(("Jobs:RetryDelay", "00:10:00"));
        var running = await sut.SubmitAndLeaseAsync();
        var done = await sut.SubmitAndLeaseAsync();
        await sut.CommitAsync(done);
        var delayed = await sut.SubmitAndLeaseAsync();
        await sut.Store.ReleaseAsync(delayed, StoreSut.Failed, Ct);
        var alone = await sut.SubmitAsync();
        await sut.LoseAsync(alone, 2);
        var queued = await sut.SubmitAsync();
        JobId[] ended = [running.Id, delayed.Id, alone, queued];
        foreach (var id in ended) await sut.PassAsync("deadlines", id);

        var swept = await sut.SweepAsync();

        Assert.Equal(new SweepResult(0, 0, 4, 0), swept);
        foreach (var id in ended)
        {
            var job = await sut.ReadAsync(id);
            Assert.Equal((JobStatus.Expired, InferenceErrorKind.DeadlineExceeded), (job.Status, job.Error!.Kind));
        }

        Assert.False(await sut.Store.CommitAsync(running, StoreSut.Success, Ct));
        Assert.Equal(JobStatus.Succeeded, await sut.StatusAsync(done.Id));
        Assert.Equal(["job", "job", "job", "job", "job"], await sut.KeysAsync());
    }

    [Fact]
    public async Task SweepAsync_SomebodyHasJustSwept_DoesNothing()
    {
        await using var sut = CreateSut(("Jobs:SweepInterval", "00:01:00"));
        var job = await sut.SubmitAndLeaseAsync();
        await sut.Store.SweepAsync(sut.Queue, Ct);
        await sut.PassAsync("leases", job.Id);

        var swept = await sut.Store.SweepAsync(sut.Queue, Ct);

        Assert.Equal(default, swept);
        Assert.Equal(JobStatus.Running, await sut.StatusAsync(job.Id));
        var left = await sut.Database.KeyTimeToLiveAsync(sut.Key("swept"));
        Assert.InRange(left!.Value, TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(30));
    }

    [Fact]
    public async Task SweepAsync_MoreThanOneSweepMayDo_SeveralDoIt()
    {
        await using var sut = CreateSut();
        await sut.SubmitAsync(Enumerable.Range(0, 250).Select(_ => sut.Submission()));
        foreach (var job in await sut.LeaseAsync(256)) await sut.PassAsync("leases", job.Id);

        var swept = new[] { await sut.SweepAsync(), await sut.SweepAsync(), await sut.SweepAsync() };

        Assert.Equal([200, 50, 0], swept.Select(one => one.Requeued));
        Assert.Equal(250, (await sut.LeaseAsync(256)).Count);
    }

    [Fact]
    public async Task SweepAsync_RecordsAreGone_NothingIsLeftOfTheirJobs()
    {
        await using var sut = CreateSut(("Jobs:RetryDelay", "00:10:00"));
        var running = await sut.SubmitAndLeaseAsync();
        var delayed = await sut.SubmitAndLeaseAsync();
        await sut.Store.ReleaseAsync(delayed, StoreSut.Failed, Ct);
        var alone = await sut.SubmitAsync();
        await sut.LoseAsync(alone, 2);
        var queued = await sut.SubmitAsync();
        foreach (var id in new[] { running.Id, delayed.Id, alone, queued })
        {
            await sut.Database.KeyDeleteAsync(sut.Key($"job:{id.Key}"));
            await sut.PassAsync("deadlines", id);
        }

        await sut.PassAsync("delayed", delayed.Id);
        await sut.SweepAsync();
        var leased = await sut.Store.LeaseAsync(sut.Queue, StoreSut.Worker, 1, 1_000_000, isIdle: true, Ct);

        Assert.Empty(leased.Jobs);
        var state = await sut.Operations.ReadAsync(sut.Queue, Ct);
        Assert.Equal((0, 0), (state.Depth, state.Running));
        Assert.Empty(await sut.KeysAsync());
    }

    private StoreSut CreateSut(params (string, string)[] settings) => StoreSut.On(redis, settings);
}
