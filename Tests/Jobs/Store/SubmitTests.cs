using System.Text;
using AiPlatform.Jobs;
using AiPlatform.Jobs.Redis;
using AiPlatform.Tests.Fixtures;
using Xunit;

namespace AiPlatform.Tests.Jobs.Store;

public sealed class SubmitTests(RedisServer redis) : IClassFixture<RedisServer>
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task SubmitAsync_NewJob_IsQueuedWithEveryField()
    {
        await using var sut = CreateSut();
        var job = sut.Submission("{\"x\":\"ü\"}") with { Metadata = """{"a":"b"}""", Traceparent = "00-1-2-01" };

        var result = await sut.Store.SubmitAsync(job, Ct);
        var read = await sut.ReadAsync(job.Id);

        Assert.Equal((SubmitOutcome.Accepted, 0L, 0d), (result.Outcome, result.Depth, result.DrainPerSecond));
        Assert.Equal(result.At, read.CreatedAt);
        Assert.Equal(JobStatus.Queued, read.Status);
        Assert.Equal((job.Id, job.Endpoint, job.Model, job.Tenant, job.Lane), (read.Id, read.Endpoint, read.Model, read.Tenant, read.Lane));
        Assert.Equal((0, 0L, """{"a":"b"}"""), (read.Attempts, read.Position, read.Metadata));
        Assert.Equal(TimeSpan.FromMinutes(5), read.Deadline - read.CreatedAt);
        Assert.Null(read.StartedAt);
        Assert.Null(read.FinishedAt);
        Assert.Null(read.Error);
        Assert.Null(read.Output);
    }

    [Fact]
    public async Task SubmitAsync_SameIdAgain_ChangesNothing()
    {
        await using var sut = CreateSut();
        var job = sut.Submission("first");
        await sut.SubmitAsync(job);

        var again = await sut.Store.SubmitAsync(job with { Body = "second"u8.ToArray() }, Ct);

        Assert.Equal((SubmitOutcome.AlreadyThere, 1L), (again.Outcome, again.Depth));
        Assert.Equal("first", Encoding.UTF8.GetString(Assert.Single(await sut.LeaseAsync(10)).Body.Span));
    }

    [Fact]
    public async Task SubmitAsync_SameIdManyTimesAtOnce_IsAcceptedOnce()
    {
        await using var sut = CreateSut();
        var job = sut.Submission();

        var results = await sut.TogetherAsync(() => Enumerable.Range(0, 64).Select(_ => sut.Store.SubmitAsync(job, Ct)));

        Assert.Single(results, result => result.Outcome == SubmitOutcome.Accepted);
        Assert.Equal(63, results.Count(result => result.Outcome == SubmitOutcome.AlreadyThere));
        Assert.Single(await sut.LeaseAsync(10));
    }

    [Fact]
    public async Task SubmitAsync_SameIdAfterItsEnd_LeavesTheResult()
    {
        await using var sut = CreateSut();
        var job = sut.Submission();
        await sut.CommitAsync(await sut.SubmitAndLeaseAsync(job));

        var again = await sut.Store.SubmitAsync(job, Ct);

        Assert.Equal(SubmitOutcome.AlreadyThere, again.Outcome);
        Assert.Equal(JobStatus.Succeeded, await sut.StatusAsync(job.Id));
        Assert.Empty(await sut.LeaseAsync(10));
    }

    [Fact]
    public async Task SubmitAsync_QueueFull_WritesNothingAndTellsHowFastItDrains()
    {
        await using var sut = CreateSut(("Jobs:MaxQueueDepth", "2"));
        for (var i = 0; i < 60; i++) await sut.CommitAsync(await sut.SubmitAndLeaseAsync());
        var first = sut.Submission();
        await sut.SubmitAsync(first);
        await sut.SubmitAsync();
        var third = sut.Submission() with { Tenant = "other" };
        var keys = await sut.AllKeysAsync();

        var result = await sut.Store.SubmitAsync(third, Ct);
        var known = await sut.Store.SubmitAsync(first, Ct);

        Assert.Equal((SubmitOutcome.QueueFull, 2L), (result.Outcome, result.Depth));
        Assert.InRange(result.DrainPerSecond, 2, 2.4);
        Assert.Null(await sut.Store.ReadAsync(third.Id, null, false, Ct));
        Assert.Equal(keys, await sut.AllKeysAsync());
        Assert.Equal((SubmitOutcome.AlreadyThere, 0d), (known.Outcome, known.DrainPerSecond));
    }

    [Fact]
    public async Task SubmitAsync_TenantFull_OthersMayStill()
    {
        await using var sut = CreateSut(("Jobs:MaxQueuedPerTenant", "2"));
        foreach (var lane in new[] { Lane.Batch, Lane.Interactive }) await sut.SubmitAsync(sut.Submission() with { Lane = lane });
        var third = sut.Submission();

        var result = await sut.Store.SubmitAsync(third, Ct);
        await sut.SubmitAsync(sut.Submission() with { Tenant = "other" });
        await sut.LeaseAsync(1);
        var afterALease = await sut.Store.SubmitAsync(third, Ct);

        Assert.Equal((SubmitOutcome.TenantFull, 2L), (result.Outcome, result.Depth));
        Assert.Equal(SubmitOutcome.Accepted, afterALease.Outcome);
    }

    [Fact]
    public async Task SubmitAsync_ManyAtOnce_LimitsHoldInsideABatch()
    {
        await using var sut = CreateSut(("Jobs:MaxQueueDepth", "20"), ("Jobs:MaxQueuedPerTenant", "8"));
        var results = await sut.TogetherAsync(() =>
            Enumerable.Range(0, 90).Select(i => i < 30 ? "a" : i % 2 == 0 ? "b" : "c")
                .Select(tenant => sut.Store.SubmitAsync(sut.Submission() with { Tenant = tenant }, Ct)));

        var accepted = results.Where(result => result.Outcome == SubmitOutcome.Accepted).ToList();
        Assert.Equal(Enumerable.Range(0, 20).Select(depth => (long)depth), accepted.Select(result => result.Depth).Order());
        Assert.All(results.Where(result => result.Outcome == SubmitOutcome.QueueFull), result => Assert.Equal(20, result.Depth));
        Assert.Equal(22, results.Count(result => result.Outcome == SubmitOutcome.TenantFull));
        foreach (var (tenant, jobs) in new[] { ("a", 8), ("b", 6), ("c", 6) })
            Assert.Equal(jobs, (await sut.Store.ListAsync(sut.Queue, tenant, null, null, 100, Ct)).Count);
        Assert.Equal(20, (await sut.LeaseAsync(100)).Count);
    }

    [Fact]
    public async Task SubmitAsync_JobsThatWaitForARetry_CountAsWaiting()
    {
        await using var sut = CreateSut(("Jobs:MaxQueueDepth", "1"), ("Jobs:RetryDelay", "00:10:00"));
        var job = await sut.SubmitAndLeaseAsync();
        await sut.Store.ReleaseAsync(job, StoreSut.Failed, Ct);

        var result = await sut.Store.SubmitAsync(sut.Submission(), Ct);

        Assert.Equal((SubmitOutcome.QueueFull, 1L), (result.Outcome, result.Depth));
    }

    [Fact]
    public async Task SubmitAsync_WorkerWantsMore_RingsOnce()
    {
        await using var sut = CreateSut();
        var doorbell = await Listener.OnAsync(redis, RedisKeys.Doorbell(sut.Queue));
        await sut.SubmitAsync();
        await sut.LeaseAsync(2);

        for (var i = 0; i < 5; i++) await sut.SubmitAsync();

        Assert.Single(await doorbell.MessagesAsync());
    }

    [Fact]
    public async Task SubmitAsync_NobodyWantsMore_DoesNotRing()
    {
        await using var sut = CreateSut();
        var doorbell = await Listener.OnAsync(redis, RedisKeys.Doorbell(sut.Queue));
        await sut.SubmitAsync();
        await sut.LeaseAsync(1);

        await sut.SubmitAsync();

        Assert.Empty(await doorbell.MessagesAsync());
    }

    [Fact]
    public async Task SubmitAsync_ScriptsForgotten_AreLoadedAgain()
    {
        await using var sut = CreateSut();
        await sut.SubmitAsync();
        await sut.Database.ExecuteAsync("SCRIPT", "FLUSH");

        var result = await sut.Store.SubmitAsync(sut.Submission(), Ct);

        Assert.Equal(1, result.Depth);
    }

    private StoreSut CreateSut(params (string, string)[] settings) => StoreSut.On(redis, settings);
}
