using System.Text;
using AiPlatform.Jobs;
using AiPlatform.Jobs.Redis;
using AiPlatform.Tests.Fixtures;
using Xunit;

namespace AiPlatform.Tests.Jobs.Store;

public sealed class RequeueTests(RedisServer redis) : IClassFixture<RedisServer>
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("failed")]
    [InlineData("dead")]
    [InlineData("canceled")]
    [InlineData("canceled while it ran")]
    [InlineData("expired")]
    public async Task RequeueAsync_EndedWithoutAResult_WaitsAsIfNew(string how)
    {
        await using var sut = CreateSut();
        var ended = await EndAsync(sut, how);

        var result = await sut.Store.RequeueAsync(ended.Id, Tenants.Anonymous, Ct);
        var waits = await sut.ReadAsync(ended.Id);
        var timeToLive = await sut.Database.KeyTimeToLiveAsync(sut.Key($"job:{ended.Id.Key}"));
        var leased = await sut.LeaseOneAsync();
        await sut.CommitAsync(leased);
        var succeeded = await sut.ReadAsync(ended.Id);

        Assert.Equal(new RequeueResult(RequeueOutcome.Requeued, 1, 0), result);
        Assert.Equal((JobStatus.Queued, 0L, ended.Attempts), (waits.Status, waits.Position, waits.Attempts));
        Assert.Equal((ended.CreatedAt, """{"a":"b"}"""), (waits.CreatedAt, waits.Metadata));
        Assert.Null(waits.Error);
        Assert.Null(waits.FinishedAt);
        Assert.Null(timeToLive);
        Assert.Equal("payload", Encoding.UTF8.GetString(leased.Body.Span));
        Assert.Equal(ended.Attempts + 1, leased.Attempt);
        Assert.Equal(JobStatus.Succeeded, succeeded.Status);
        Assert.Equal(["job"], await sut.KeysAsync());
    }

    [Fact]
    public async Task RequeueAsync_AgainAndAgain_TimeLeftIsWhatItWasAtFirst()
    {
        await using var sut = CreateSut();
        var job = await sut.KillAsync(sut.Submission(deadline: TimeSpan.FromSeconds(77)));

        for (var i = 0; i < 3; i++)
        {
            await sut.PassAsync(TimeSpan.FromMilliseconds(20));
            await sut.Store.RequeueAsync(job, Tenants.Anonymous, Ct);

            var read = await sut.ReadAsync(job);
            Assert.Equal(TimeSpan.FromSeconds(77), read.Deadline - read.History.Changes[^1].At);
            Assert.Equal(read.Deadline.ToUnixTimeMilliseconds(), await sut.Database.SortedSetScoreAsync(sut.Key("deadlines"), job.Key));
            await sut.Store.ReleaseAsync(await sut.LeaseOneAsync(), StoreSut.Failed, Ct);
        }
    }

    [Fact]
    public async Task RequeueAsync_NewDeadlinePasses_ExpiresAgain()
    {
        await using var sut = CreateSut();
        var job = await sut.KillAsync();
        await sut.Store.RequeueAsync(job, Tenants.Anonymous, Ct);

        await sut.PassAsync("deadlines", job);
        var swept = await sut.SweepAsync();

        Assert.Equal(1, swept.Expired);
        Assert.Equal(JobStatus.Expired, await sut.StatusAsync(job));
    }

    [Fact]
    public async Task RequeueAsync_OldAttempt_StaysFenced()
    {
        await using var sut = CreateSut();
        var old = await sut.SubmitAndLeaseAsync();
        await sut.Store.CancelAsync(old.Id, Tenants.Anonymous, Ct);
        await sut.Store.RequeueAsync(old.Id, Tenants.Anonymous, Ct);

        var whileItWaits = await sut.Store.CommitAsync(old, StoreSut.Success, Ct);
        var next = await sut.LeaseOneAsync();
        var whileItRuns = await sut.Store.CommitAsync(old, StoreSut.Success, Ct);
        var released = await sut.Store.ReleaseAsync(old, null, Ct);
        var appended = await sut.Store.AppendAsync(old, [new JobEvent(0, JobEvent.Output, "1")], Ct);
        var renewed = await sut.Store.RenewAsync(sut.Queue, [old], Ct);

        Assert.Equal((false, false, ReleaseOutcome.Refused, false), (whileItWaits, whileItRuns, released, appended));
        Assert.Equal([false], renewed);
        Assert.Equal(2, next.Attempt);
        await sut.CommitAsync(next);
    }

    [Fact]
    public async Task RequeueAsync_History_GoesOn()
    {
        await using var sut = CreateSut();
        var job = await sut.KillAsync();

        await sut.Store.RequeueAsync(job, Tenants.Anonymous, Ct);
        await sut.CommitAsync(await sut.LeaseOneAsync());

        var changes = (await sut.ReadAsync(job)).History.Changes;
        Assert.Equal(
            [JobStatus.Queued, JobStatus.Running, JobStatus.Failed, JobStatus.Queued, JobStatus.Running, JobStatus.Succeeded],
            changes.Select(change => change.Status));
        Assert.Equal([1, 2, 3, 5, 6, 7], changes.Select(change => change.Sequence));
        Assert.Equal([0, 1, 1, 1, 2, 2], changes.Select(change => change.Attempt));
    }

    [Fact]
    public async Task RequeueAsync_FailuresAndLostLeases_CountAnew()
    {
        await using var sut = StoreSut.On(redis, ("Jobs:MaxFailures", "2"), ("Jobs:RetryDelay", "00:00:00"));
        var job = await sut.SubmitAndLeaseAsync();
        await sut.Store.ReleaseAsync(job, StoreSut.Failed, Ct);
        await sut.Store.ReleaseAsync(await sut.LeaseOneAsync(), StoreSut.Failed, Ct);
        await sut.Store.RequeueAsync(job.Id, Tenants.Anonymous, Ct);

        var first = await sut.Store.ReleaseAsync(await sut.LeaseOneAsync(), StoreSut.Failed, Ct);
        var second = await sut.Store.ReleaseAsync(await sut.LeaseOneAsync(), StoreSut.Failed, Ct);

        Assert.Equal((ReleaseOutcome.Requeued, ReleaseOutcome.Failed), (first, second));
    }

    [Fact]
    public async Task RequeueAsync_WorkerWantsMore_Rings()
    {
        await using var sut = CreateSut();
        var job = await sut.KillAsync();
        await sut.LeaseAsync(1);
        var doorbell = await Listener.OnAsync(redis, RedisKeys.Doorbell(sut.Queue));

        await sut.Store.RequeueAsync(job, Tenants.Anonymous, Ct);

        Assert.Single(await doorbell.MessagesAsync());
    }

    [Fact]
    public async Task RequeueAsync_NotEndedOrWithAResult_IsRefused()
    {
        await using var sut = CreateSut();
        var succeeded = await sut.SubmitAndLeaseAsync();
        await sut.CommitAsync(succeeded);
        var running = await sut.SubmitAndLeaseAsync();
        var queued = await sut.SubmitAsync();
        var requeued = await sut.KillAsync(sut.Submission() with { Lane = Lane.Interactive });
        await sut.Store.RequeueAsync(requeued, Tenants.Anonymous, Ct);

        foreach (var id in new[] { succeeded.Id, running.Id, queued, requeued })
            Assert.Equal(new RequeueResult(RequeueOutcome.NotRequeueable, 2, 0), await sut.Store.RequeueAsync(id, Tenants.Anonymous, Ct));

        Assert.Equal(JobStatus.Succeeded, await sut.StatusAsync(succeeded.Id));
    }

    [Fact]
    public async Task RequeueAsync_NotThereOrAnotherTenants_IsNotFound()
    {
        await using var sut = CreateSut();
        var job = await sut.KillAsync();
        var unknown = JobId.New(sut.Queue, TimeProvider.System.GetUtcNow());

        var results =
            new[] { await sut.Store.RequeueAsync(job, "other", Ct), await sut.Store.RequeueAsync(unknown, Tenants.Anonymous, Ct) };

        Assert.All(results, result => Assert.Equal(RequeueOutcome.NotFound, result.Outcome));
        Assert.Equal(JobStatus.Failed, await sut.StatusAsync(job));
    }

    [Fact]
    public async Task RequeueAsync_NoRoom_IsRefusedAndStaysDead()
    {
        await using var sut = CreateSut();
        await using var full = sut.With(("Jobs:MaxQueueDepth", "1"));
        await using var tenantFull = sut.With(("Jobs:MaxQueuedPerTenant", "1"));
        var job = await sut.KillAsync();
        await sut.SubmitAsync();

        var queue = await full.Store.RequeueAsync(job, Tenants.Anonymous, Ct);
        var tenant = await tenantFull.Store.RequeueAsync(job, Tenants.Anonymous, Ct);

        Assert.Equal(
            (RequeueOutcome.QueueFull, RequeueOutcome.TenantFull, 1L, 1L), (queue.Outcome, tenant.Outcome, queue.Depth, tenant.Depth));
        Assert.All([queue, tenant], result => Assert.True(result.DrainPerSecond > 0));
        Assert.Equal((JobStatus.Failed, 1), (await sut.StatusAsync(job), (await sut.Operations.ReadAsync(sut.Queue, Ct)).Dead));
    }

    private static async Task<Job> EndAsync(StoreSut sut, string how)
    {
        var submission = sut.Submission("payload") with { Metadata = """{"a":"b"}""", Traceparent = "00-1-2-01", Watcher = "gateway-1" };
        switch (how)
        {
            case "dead": await sut.KillAsync(submission); break;
            case "failed":
                await sut.Store.CommitAsync(
                await sut.SubmitAndLeaseAsync(submission), JobOutcome.Failure(StoreSut.Failed), Ct); break;
            case "canceled": await sut.SubmitAsync(submission); break;
            default: await sut.SubmitAndLeaseAsync(submission); break;
        }

        if (how.StartsWith("canceled", StringComparison.Ordinal)) await sut.Store.CancelAsync(submission.Id, Tenants.Anonymous, Ct);
        if (how == "expired")
        {
            await sut.PassAsync("deadlines", submission.Id);
            await sut.SweepAsync();
        }

        var job = await sut.ReadAsync(submission.Id);
        Assert.Equal(how is "dead" ? "failed" : how.Split(' ')[0], job.Status.Name);
        return job;
    }

    private StoreSut CreateSut() => StoreSut.On(redis, ("Jobs:MaxFailures", "1"));
}
