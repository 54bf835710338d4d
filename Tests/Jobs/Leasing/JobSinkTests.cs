using AiPlatform.Jobs;
using AiPlatform.Jobs.Leasing;
using AiPlatform.Tests.Fixtures;
using AiPlatform.Tests.Gateway.Fixtures;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace AiPlatform.Tests.Jobs.Leasing;

/// <summary>Progress of long work in the job's log, with a real redis-server and a manual clock.</summary>
public sealed class JobSinkTests(RedisServer redis) : IClassFixture<RedisServer>
{
    private readonly QueueName _queue = QueueName.ForModel(RedisServer.Unique("q"));
    private readonly ManualTime _time = new();
    private readonly TaskCompletionSource _work = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _done;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task ReportWhileAsync_LongWork_IsInTheJobAndInItsLog()
    {
        await using var store = JobStoreHost.On(redis.Connection);
        var job = await LeaseAsync(store);
        var reporting = CreateSut(store, job).ReportWhileAsync(_work.Task, "rows", () => Volatile.Read(ref _done), 300);

        await ProceedAsync(100);
        await UntilAsync(store, job, """{"unit":"rows","done":100,"total":300}""");
        await ProceedAsync(250);
        await UntilAsync(store, job, """{"unit":"rows","done":250,"total":300}""");
        _work.SetResult();
        await reporting;
        await store.Store.CommitAsync(job, JobOutcome.Success(new JobOutput(JobOutput.Json, "1"u8.ToArray()), null), Ct);

        var log = await store.Store.ReadLogAsync(job.Id, 0, null, Ct);
        Assert.Equal([(3, "progress"), (4, "progress")], log!.Events.Select(one => ((int)one.Sequence, one.Kind)));
        Assert.Equal("""{"unit":"rows","done":250,"total":300}""", log.Job.Progress);
    }

    [Fact]
    public async Task ReportWhileAsync_NothingNew_SaysNothing()
    {
        await using var store = JobStoreHost.On(redis.Connection);
        var job = await LeaseAsync(store);
        var reporting = CreateSut(store, job).ReportWhileAsync(_work.Task, "rows", () => Volatile.Read(ref _done), null);

        for (var i = 0; i < 3; i++) await ProceedAsync(0);
        _work.SetResult();
        await reporting;

        Assert.Empty((await store.Store.ReadLogAsync(job.Id, 0, null, Ct))!.Events);
    }

    [Fact]
    public async Task ReportWhileAsync_LeaseLost_WaitsForTheWorkAndItsErrorStaysThere()
    {
        await using var store = JobStoreHost.On(redis.Connection);
        var job = await LeaseAsync(store);
        var reporting = CreateSut(store, job).ReportWhileAsync(_work.Task, "rows", () => Volatile.Read(ref _done), 300);
        await store.Store.CancelAsync(job.Id, Tenants.Anonymous, Ct);

        await ProceedAsync(100);
        Assert.False(reporting.IsCompleted);
        _work.SetException(new InvalidOperationException("The work failed."));

        await reporting.WaitAsync(TimeSpan.FromSeconds(30), Ct);
    }

    [Fact]
    public async Task SaidBeforeAsync_SecondAttempt_HasAllPiecesOfTheFirst()
    {
        await using var store = JobStoreHost.On(redis.Connection);
        var first = await LeaseAsync(store);
        using (var sink = CreateSut(store, first))
        {
            Assert.Empty(await sink.SaidBeforeAsync(Ct));
            for (var i = 0; i < 700; i++) await sink.WriteAsync($"{i}");
            await sink.FlushAsync(Ct);
        }

        await store.Store.ReleaseAsync(first, error: null, Ct);
        var second = (await store.Store.LeaseAsync(_queue, "w", 1, int.MaxValue, isIdle: false, Ct)).Jobs.Single();
        using var sut = CreateSut(store, second);

        Assert.Equal(2, second.Attempt);
        Assert.Equal(Enumerable.Range(0, 700).Select(i => $"{i}"), await sut.SaidBeforeAsync(Ct));
    }

    [Fact]
    public async Task WriteAsync_ManyPieces_AreInTheLogInTheirOrderBeforeTheEnd()
    {
        await using var store = JobStoreHost.On(redis.Connection);
        var job = await LeaseAsync(store);
        using var sut = CreateSut(store, job);

        for (var i = 0; i < 700; i++) Assert.Equal(SinkState.Open, await sut.WriteAsync($"{i}"));
        await sut.FlushAsync(Ct);
        await store.Store.CommitAsync(job, JobOutcome.Success(new JobOutput(JobOutput.Json, "1"u8.ToArray()), null), Ct);

        var log = await store.Store.ReadLogAsync(job.Id, 0, null, Ct);
        Assert.Equal(Enumerable.Range(0, 700).Select(i => $"{i}"), log!.Events.Select(one => one.Data));
        Assert.Equal(JobStatus.Succeeded, log.Job.Status);
    }

    [Fact]
    public async Task WriteAsync_LeaseLost_SaysThatNobodyWantsMore()
    {
        await using var store = JobStoreHost.On(redis.Connection);
        var job = await LeaseAsync(store);
        using var sut = CreateSut(store, job);
        await store.Store.CancelAsync(job.Id, Tenants.Anonymous, Ct);

        await sut.WriteAsync("1");

        await Poll.UntilAsync(async () => await sut.WriteAsync("2") == SinkState.Lost, "the sink knows");
    }

    [Fact]
    public async Task WriteAsync_MoreThanAJobMaySay_IsNotTaken()
    {
        await using var store = JobStoreHost.On(redis.Connection);
        using var sut = CreateSut(store, await LeaseAsync(store));

        Assert.Equal(SinkState.Full, await sut.WriteAsync(new string('1', JobSink.MaxOutputBytes + 1)));
    }

    [Fact]
    public async Task AppendAsync_TheSameAgain_IsAddedOnce()
    {
        await using var store = JobStoreHost.On(redis.Connection);
        var job = await LeaseAsync(store);
        JobEvent[] pieces = [new(0, JobEvent.Output, "1"), new(0, JobEvent.Output, "2")];

        Assert.True(await store.Store.AppendAsync(job, pieces, known: 0, Ct));
        Assert.True(await store.Store.AppendAsync(job, pieces, known: 0, Ct));
        Assert.True(await store.Store.AppendAsync(job, [new(0, JobEvent.Output, "3")], known: 2, Ct));

        var log = await store.Store.ReadLogAsync(job.Id, 0, null, Ct);
        Assert.Equal(["1", "2", "3"], log!.Events.Select(one => one.Data));
    }

    [Fact]
    public async Task AppendAsync_ManyJobsAtOnce_EachGetsItsOwn()
    {
        await using var store = JobStoreHost.On(redis.Connection);
        for (var i = 0; i < 50; i++) await store.Store.SubmitAsync(JobStoreHost.Submission(_queue), Ct);
        var jobs = (await store.Store.LeaseAsync(_queue, "worker", 50, int.MaxValue, isIdle: false, Ct)).Jobs;
        await store.Store.CancelAsync(jobs[7].Id, Tenants.Anonymous, Ct);

        var added = await Task.WhenAll(jobs.Select(
            (job, i) => store.Store.AppendAsync(job, [new(0, JobEvent.Output, $"{i}"), new(0, JobEvent.Output, "0")], known: null, Ct)));

        Assert.Equal([7], added.Index().Where(one => !one.Item).Select(one => one.Index));
        for (var i = 0; i < jobs.Count; i++)
        {
            var log = await store.Store.ReadLogAsync(jobs[i].Id, 0, null, Ct);
            Assert.Equal(i == 7 ? [] : [$"{i}", "0"], log!.Events.Select(one => one.Data));
        }
    }

    private async Task<LeasedJob> LeaseAsync(JobStoreHost store)
    {
        await store.Store.SubmitAsync(JobStoreHost.Submission(_queue), Ct);
        return Assert.Single((await store.Store.LeaseAsync(_queue, "worker", 1, 1_000, isIdle: false, Ct)).Jobs);
    }

    /// <summary>Some more is done, and a second passes.</summary>
    private async Task ProceedAsync(int done)
    {
        await Poll.UntilAsync(() => _time.Waiting > 0, "the reporter pauses");
        Volatile.Write(ref _done, done);
        _time.Advance(TimeSpan.FromSeconds(1));
    }

    private static Task UntilAsync(JobStoreHost store, LeasedJob job, string progress) => Poll.UntilAsync(
        async () => (await store.Store.ReadAsync(job.Id, null, false, Ct))!.Progress == progress, progress);

    private JobSink CreateSut(JobStoreHost store, LeasedJob job) => new JobSinks(store.Store, _time, NullLogger<JobSink>.Instance).For(job);
}
