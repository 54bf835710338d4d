using AiPlatform.Jobs;
using AiPlatform.Jobs.Leasing;
using AiPlatform.Jobs.Usage;
using AiPlatform.Tests.Fixtures;
using StackExchange.Redis;
using Xunit;

namespace AiPlatform.Tests.Jobs.Leasing;

/// <summary>What a stopped run took is counted once, unless the job is run again.</summary>
public sealed class StoppedRunTests(RedisServer redis) : IClassFixture<RedisServer>
{
    private const string Took = "{\"prompt_tokens\":30,\"completion_tokens\":12,\"total_tokens\":42}";

    private readonly QueueName _queue = QueueName.ForModel(RedisServer.Unique("q"));
    private readonly string _tenant = RedisServer.Unique("t");

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(true, 0)]
    [InlineData(false, 1)]
    public async Task Stop_CanceledOrExpired_CountsWhatTheRunTook(bool isCanceled, long failed)
    {
        var started = new TaskCompletionSource();
        await using var sut = await LeasingHost.StartAsync(
            redis.ConnectionString, _queue, (_, token) => UntilStoppedAsync(started, token));
        var id = await SubmitAsync(sut.Store, isCanceled ? null : TimeSpan.FromSeconds(2));

        await started.Task.WaitAsync(TimeSpan.FromSeconds(30), Ct);
        if (isCanceled) await sut.Store.CancelAsync(id, _tenant, Ct);

        await UntilCountedAsync(new UsageCount(1, failed, 30, 12));
    }

    /// <summary>A client leaves when the answer is nearly ready: the result is refused, its tokens were computed all the same.</summary>
    [Fact]
    public async Task Commit_JobWasCanceled_CountsWhatTheRunTook()
    {
        await using var canceling = JobStoreHost.On(redis.Connection);
        await using var sut = await LeasingHost.StartAsync(redis.ConnectionString, _queue, async (job, _) =>
        {
            await canceling.Store.CancelAsync(job.Id, _tenant, CancellationToken.None);
            return JobOutcome.Success(new JobOutput(JobOutput.Json, "1"u8.ToArray()), Took);
        });

        await SubmitAsync(sut.Store);

        await UntilCountedAsync(new UsageCount(1, 0, 30, 12));
    }

    /// <summary>The next run counts what the job took, and the one that has lost its lease does not.</summary>
    [Fact]
    public async Task Stop_LeaseIsLostAndJobRunsAgain_CountsOnce()
    {
        var runs = 0;
        var started = new TaskCompletionSource();
        await using var sut = await LeasingHost.StartAsync(
            redis.ConnectionString, _queue,
            (_, token) => Interlocked.Increment(ref runs) == 1
                ? UntilStoppedAsync(started, token)
                : Task.FromResult(JobOutcome.Success(new JobOutput(JobOutput.Json, "1"u8.ToArray()), Took)),
            ("Jobs:LeaseDuration", "00:00:02"));
        var id = await SubmitAsync(sut.Store);
        await started.Task.WaitAsync(TimeSpan.FromSeconds(30), Ct);

        // The lease is over. Its renewal may come before the sweep that sees it.
        await Poll.UntilAsync(
            async () =>
            {
                if (Volatile.Read(ref runs) > 1) return true;
                await redis.Connection.GetDatabase().SortedSetAddAsync($"ai:{{{_queue.Value}}}:leases", id.Key, 1, When.Exists);
                return false;
            },
            "the job runs again");

        await UntilCountedAsync(new UsageCount(1, 0, 30, 12));
        Assert.Equal(JobStatus.Succeeded, (await sut.Store.ReadAsync(id, null, false, Ct))!.Status);
        await sut.StopAsync();
        await UntilCountedAsync(new UsageCount(1, 0, 30, 12));
    }

    private static async Task<JobOutcome> UntilStoppedAsync(TaskCompletionSource started, CancellationToken token)
    {
        started.TrySetResult();
        var stopped = new TaskCompletionSource();
        await using var _ = token.Register(() => stopped.TrySetResult());
        await stopped.Task;
        throw new RunStoppedException(Took);
    }

    private async Task<JobId> SubmitAsync(IJobStore store, TimeSpan? deadline = null)
    {
        var job = JobStoreHost.Submission(_queue, deadline: deadline) with { Tenant = _tenant };
        await store.SubmitAsync(job, Ct);
        return job.Id;
    }

    private async Task UntilCountedAsync(UsageCount count)
    {
        await using var host = JobStoreHost.On(redis.Connection);
        var today = DateOnly.FromDateTime(TimeProvider.System.GetUtcNow().UtcDateTime);
        IReadOnlyList<UsageRow> rows = [];
        await Poll.UntilAsync(
            async () => (rows = await host.Get<IUsageStore>().ReadAsync(today, today, _tenant, Ct)).Count > 0, "usage is counted");
        Assert.Equal(count, Assert.Single(rows).Count);
    }
}
