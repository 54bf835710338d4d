using AiPlatform.Jobs;
using AiPlatform.Jobs.Redis;
using AiPlatform.Tests.Fixtures;
using Xunit;

namespace AiPlatform.Tests.Jobs.Store;

public sealed class CancelTests(RedisServer redis) : IClassFixture<RedisServer>
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task CancelAsync_QueuedRunningFinishedUnknown_EachAsItShould()
    {
        await using var sut = CreateSut();
        var running = await sut.SubmitAndLeaseAsync();
        var done = await sut.SubmitAndLeaseAsync();
        await sut.CommitAsync(done);
        var queued = await sut.SubmitAsync();

        Assert.Equal(JobStatus.Queued, await CancelAsync(sut, queued));
        Assert.Equal(JobStatus.Running, await CancelAsync(sut, running.Id));
        Assert.Equal(JobStatus.Succeeded, await CancelAsync(sut, done.Id));
        Assert.Null(await CancelAsync(sut, JobId.New(sut.Queue, TimeProvider.System.GetUtcNow())));

        Assert.Empty(await sut.LeaseAsync(10));
        Assert.False(await sut.Store.CommitAsync(running, StoreSut.Success, Ct));
        Assert.Equal(JobStatus.Succeeded, await sut.StatusAsync(done.Id));
        foreach (var id in new[] { queued, running.Id })
        {
            var job = await sut.ReadAsync(id);
            Assert.Equal((JobStatus.Canceled, InferenceErrorKind.Canceled), (job.Status, job.Error!.Kind));
            Assert.NotNull(job.FinishedAt);
        }

        Assert.Equal(["job", "job", "job"], await sut.KeysAsync());
    }

    [Fact]
    public async Task CancelAsync_Again_ChangesNothing()
    {
        await using var sut = CreateSut();
        var id = await sut.SubmitAsync();
        await CancelAsync(sut, id);
        var before = await sut.ReadAsync(id);

        Assert.Equal(JobStatus.Canceled, await CancelAsync(sut, id));

        Assert.Equal(before.History.Changes, (await sut.ReadAsync(id)).History.Changes);
    }

    [Fact]
    public async Task CancelAsync_AnotherTenants_IsNotThere()
    {
        await using var sut = CreateSut();
        var id = await sut.SubmitAsync();

        Assert.Null(await sut.Store.CancelAsync(id, "other", Ct));

        Assert.Equal(JobStatus.Queued, await sut.StatusAsync(id));
    }

    [Fact]
    public async Task CancelAsync_WaitsForARetry_IsNotTriedAgain()
    {
        await using var sut = CreateSut(("Jobs:RetryDelay", "00:10:00"));
        var job = await sut.SubmitAndLeaseAsync();
        await sut.Store.ReleaseAsync(job, StoreSut.Failed, Ct);

        Assert.Equal(JobStatus.Queued, await CancelAsync(sut, job.Id));

        Assert.Equal(JobStatus.Canceled, await sut.StatusAsync(job.Id));
        Assert.Equal(["job"], await sut.KeysAsync());
    }

    [Fact]
    public async Task CancelAsync_OneOfSeveral_TheOthersKeepTheirPlaces()
    {
        await using var sut = CreateSut();
        var jobs = await sut.SubmitAsync(Enumerable.Range(0, 5).Select(_ => sut.Submission()));

        foreach (var canceled in new[] { 0, 2 }) await CancelAsync(sut, jobs[canceled]);

        Assert.Equal([jobs[1], jobs[3], jobs[4]], (await sut.LeaseAsync(5)).Select(job => job.Id));
    }

    [Fact]
    public async Task CancelAsync_Running_TellsTheWorker()
    {
        await using var sut = CreateSut();
        var worker = RedisServer.Unique("w");
        var told = await Listener.OnAsync(redis, RedisKeys.Worker(worker));
        var running = await sut.SubmitAndLeaseAsync(worker: worker);
        var queued = await sut.SubmitAsync();

        await CancelAsync(sut, queued);
        await CancelAsync(sut, running.Id);

        Assert.Equal([$"{sut.Queue} {running.Id.Key} 1"], await told.MessagesAsync());
    }

    private static Task<JobStatus?> CancelAsync(StoreSut sut, JobId id) => sut.Store.CancelAsync(id, Tenants.Anonymous, Ct);

    private StoreSut CreateSut(params (string, string)[] settings) => StoreSut.On(redis, settings);
}
