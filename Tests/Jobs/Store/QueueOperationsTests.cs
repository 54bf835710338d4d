using AiPlatform.Jobs;
using AiPlatform.Jobs.Redis;
using AiPlatform.Tests.Fixtures;
using Xunit;

namespace AiPlatform.Tests.Jobs.Store;

public sealed class QueueOperationsTests(RedisServer redis) : IClassFixture<RedisServer>
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task ReadAsync_QueueThatNobodyUsed_IsEmpty()
    {
        await using var sut = CreateSut();

        var state = await sut.Operations.ReadAsync(sut.Queue, Ct);

        Assert.Equal(
            (sut.Queue, 0, 0, 0d, false, 0), (state.Queue, state.Depth, state.Running, state.DrainPerSecond, state.IsPaused, state.Dead));
        Assert.Null(state.Oldest);
        Assert.Equal(
            [new LaneState(Lane.Interactive, 0, null), new LaneState(Lane.Default, 0, null), new LaneState(Lane.Batch, 0, null)],
            state.Lanes);
        Assert.Empty(await sut.AllKeysAsync());
    }

    [Fact]
    public async Task ReadAsync_JobsOfEveryKind_CountsEach()
    {
        await using var sut = CreateSut(("Jobs:RetryDelay", "00:10:00"));
        var running = await sut.SubmitAndLeaseAsync();
        await sut.CommitAsync(await sut.SubmitAndLeaseAsync());
        await sut.Store.ReleaseAsync(await sut.SubmitAndLeaseAsync(), StoreSut.Failed, Ct);
        await sut.SubmitAsync(sut.Submission() with { Lane = Lane.Batch });
        await sut.PassAsync(TimeSpan.FromMilliseconds(20));
        foreach (var tenant in new[] { "a", "a", "b" }) await sut.SubmitAsync(sut.Submission() with { Tenant = tenant });

        var state = await sut.Operations.ReadAsync(sut.Queue, Ct);

        Assert.Equal((5, 1), (state.Depth, state.Running));
        Assert.Equal([0, 3, 1], state.Lanes.Select(lane => lane.Depth));
        Assert.InRange(state.DrainPerSecond, 0.03, 0.04);
        Assert.Null(state.Lanes[0].Oldest);
        Assert.InRange(state.Lanes[2].Oldest!.Value, TimeSpan.FromMilliseconds(20), TimeSpan.FromMinutes(1));
        Assert.True(state.Lanes[1].Oldest < state.Lanes[2].Oldest);
        Assert.Equal(state.Lanes[2].Oldest, state.Oldest);
        Assert.Equal(JobStatus.Running, await sut.StatusAsync(running.Id));
    }

    [Fact]
    public async Task PauseAsync_Queue_GivesNothingButTakesAndEndsJobs()
    {
        await using var sut = CreateSut(("Jobs:RetryDelay", "00:00:00"));
        var (commits, fails) = (await sut.SubmitAndLeaseAsync(), await sut.SubmitAndLeaseAsync());
        await sut.SubmitAsync();

        await sut.Operations.PauseAsync(sut.Queue, Ct);
        await sut.Operations.PauseAsync(sut.Queue, Ct);
        await sut.SubmitAsync();
        var renewed = await sut.Store.RenewAsync(sut.Queue, [commits], Ct);
        await sut.CommitAsync(commits);
        var released = await sut.Store.ReleaseAsync(fails, StoreSut.Failed, Ct);
        await sut.SweepAsync();

        Assert.Empty(await sut.LeaseAsync(10));
        Assert.Equal([true], renewed);
        Assert.Equal(ReleaseOutcome.Requeued, released);
        var state = await sut.Operations.ReadAsync(sut.Queue, Ct);
        Assert.Equal((true, 3, 0), (state.IsPaused, state.Depth, state.Running));
    }

    [Fact]
    public async Task ResumeAsync_PausedQueue_RingsAndGivesWhatWaits()
    {
        await using var sut = CreateSut();
        await sut.Operations.PauseAsync(sut.Queue, Ct);
        var job = await sut.SubmitAsync();
        await sut.LeaseAsync(1);
        var doorbell = await Listener.OnAsync(redis, RedisKeys.Doorbell(sut.Queue));

        await sut.Operations.ResumeAsync(sut.Queue, Ct);
        var rings = (await doorbell.MessagesAsync()).Count;
        await sut.Operations.ResumeAsync(sut.Queue, Ct);

        Assert.Equal(1, rings);
        Assert.Single(await doorbell.MessagesAsync());
        Assert.False((await sut.Operations.ReadAsync(sut.Queue, Ct)).IsPaused);
        Assert.Equal(job, (await sut.LeaseOneAsync()).Id);
    }

    [Fact]
    public async Task PauseAsync_OneQueue_OthersGoOn()
    {
        await using var sut = CreateSut();
        await using var other = CreateSut();

        await sut.Operations.PauseAsync(sut.Queue, Ct);

        await other.SubmitAndLeaseAsync();
    }

    private StoreSut CreateSut(params (string, string)[] settings) => StoreSut.On(redis, settings);
}
