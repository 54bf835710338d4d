using System.Collections.Concurrent;
using System.Text;
using AiPlatform.Jobs;
using AiPlatform.Tests.Fixtures;
using AiPlatform.Tests.Jobs.Store;
using Xunit;

namespace AiPlatform.Tests.Jobs.Leasing;

/// <summary>A leasing process runs a job alone whose worker was lost twice.</summary>
public sealed class RunAloneTests(RedisServer redis) : IClassFixture<RedisServer>
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Lease_JobLostItsWorkerTwice_RunsWhileNothingElseDoes()
    {
        await using var store = StoreSut.On(redis);
        var (go, end) = (NewSignal(), NewSignal());
        var beside = new ConcurrentQueue<int>();
        LeasingHost? started = null;
        async Task<JobOutcome> RunAsync(LeasedJob job, CancellationToken token)
        {
            var alone = Encoding.UTF8.GetString(job.Body.Span) == "alone";
            await (alone ? end : go).Task.WaitAsync(token);
            if (alone) beside.Enqueue(started!.Running.Count - 1);
            return StoreSut.Success;
        }

        // The process is busy with one job when another comes that must run alone, and further ones come behind.
        await using var sut = started = await LeasingHost.StartAsync(redis.ConnectionString, store.Queue, RunAsync);
        var busy = await store.SubmitAsync();
        await UntilAsync(store, JobStatus.Running, busy);
        await store.Operations.PauseAsync(store.Queue, Ct);
        var alone = await store.SubmitAsync(store.Submission("alone"));
        await MakeAloneAsync(store, alone);
        var others = await store.SubmitAsync(Enumerable.Range(0, 20).Select(_ => store.Submission()));
        await store.Operations.ResumeAsync(store.Queue, Ct);
        await store.PassAsync(TimeSpan.FromMilliseconds(200));

        Assert.Equal(1, sut.Running.Count);
        Assert.Equal((JobStatus.Running, JobStatus.Queued), (await store.StatusAsync(busy), await store.StatusAsync(alone)));
        go.SetResult();
        await UntilAsync(store, JobStatus.Running, alone);
        await store.PassAsync(TimeSpan.FromMilliseconds(200));
        foreach (var other in others) Assert.Equal(JobStatus.Queued, await store.StatusAsync(other));
        end.SetResult();

        await UntilAsync(store, JobStatus.Succeeded, [busy, alone, .. others]);
        Assert.Equal([0], beside);
    }

    [Fact]
    public async Task Lease_ProcessHasAnotherQueue_ItsJobsWaitTooWhileOneRunsAlone()
    {
        await using var store = StoreSut.On(redis);
        await using var otherStore = StoreSut.On(redis);
        var (running, end) = (NewSignal(), NewSignal());
        async Task<JobOutcome> RunAsync(LeasedJob job, CancellationToken token)
        {
            if (job.Id.Queue != store.Queue) return StoreSut.Success;
            running.TrySetResult();
            await end.Task.WaitAsync(token);
            return StoreSut.Success;
        }

        var alone = await store.SubmitAsync();
        await store.LoseAsync(alone, 2);
        await using var sut = await LeasingHost.StartAsync(redis.ConnectionString, [store.Queue, otherStore.Queue], RunAsync);
        await running.Task.WaitAsync(TimeSpan.FromSeconds(30), Ct);
        var others = await otherStore.SubmitAsync(Enumerable.Range(0, 5).Select(_ => otherStore.Submission()));
        await store.PassAsync(TimeSpan.FromMilliseconds(200));

        foreach (var other in others) Assert.Equal(JobStatus.Queued, await otherStore.StatusAsync(other));
        end.SetResult();

        await UntilAsync(store, JobStatus.Succeeded, alone);
        await UntilAsync(otherStore, JobStatus.Succeeded, [.. others]);
    }

    [Fact]
    public async Task Lease_TwoProcesses_OneGoesOnWhileTheOtherRunsItAlone()
    {
        await using var store = StoreSut.On(redis);
        var (running, end) = (NewSignal(), NewSignal());
        async Task<JobOutcome> RunAsync(LeasedJob job, CancellationToken token)
        {
            if (Encoding.UTF8.GetString(job.Body.Span) != "alone") return StoreSut.Success;
            running.TrySetResult();
            await end.Task.WaitAsync(token);
            return StoreSut.Success;
        }

        var alone = await store.SubmitAsync(store.Submission("alone"));
        await store.LoseAsync(alone, 2);
        await using var one = await LeasingHost.StartAsync(redis.ConnectionString, store.Queue, RunAsync);
        await using var other = await LeasingHost.StartAsync(redis.ConnectionString, store.Queue, RunAsync);
        await running.Task.WaitAsync(TimeSpan.FromSeconds(30), Ct);

        var others = await store.SubmitAsync(Enumerable.Range(0, 40).Select(_ => store.Submission()));
        await UntilAsync(store, JobStatus.Succeeded, [.. others]);
        Assert.Equal(JobStatus.Running, await store.StatusAsync(alone));
        end.SetResult();

        await UntilAsync(store, JobStatus.Succeeded, alone);
    }

    [Fact]
    public async Task Lease_JobThatRunsAloneFails_IsTriedAgainAndOthersGoOn()
    {
        await using var store = StoreSut.On(redis, ("Jobs:RetryDelay", "00:00:00.010"));
        var runs = 0;
        Task<JobOutcome> RunAsync(LeasedJob job, CancellationToken token) =>
            Encoding.UTF8.GetString(job.Body.Span) == "alone" && Interlocked.Increment(ref runs) < 3
                ? throw new InvalidOperationException("It fails twice.")
                : Task.FromResult(StoreSut.Success);

        var alone = await store.SubmitAsync(store.Submission("alone"));
        await store.LoseAsync(alone, 2);
        var others = await store.SubmitAsync(Enumerable.Range(0, 20).Select(_ => store.Submission()));
        await using var sut = await LeasingHost.StartAsync(
            redis.ConnectionString, store.Queue, RunAsync, ("Jobs:RetryDelay", "00:00:00.010"), ("Jobs:SweepInterval", "00:00:00.050"));

        await UntilAsync(store, JobStatus.Succeeded, [alone, .. others]);
        Assert.Equal(5, (await store.ReadAsync(alone)).Attempts);
    }

    /// <summary>Loses a job's worker twice while its queue is paused, so that nobody else takes it meanwhile.</summary>
    private static async Task MakeAloneAsync(StoreSut store, JobId id)
    {
        await store.Database.KeyDeleteAsync(store.Key($"lane:{Lane.Default.Letter}"));
        await store.Database.KeyDeleteAsync(store.Key($"line:{Lane.Default.Letter}:{Tenants.Anonymous}"));
        await store.Database.HashSetAsync(store.Key("state"), id.Key, $"q 2 0 2 0 {Tenants.Anonymous} - q0 r1 q2 r3 q4");
        await store.Database.SortedSetAddAsync(store.Key("alone"), id.Key, 1);
    }

    private static Task UntilAsync(StoreSut store, JobStatus status, params JobId[] jobs) => Poll.UntilAsync(
        async () =>
        {
            foreach (var job in jobs)
                if (await store.StatusAsync(job) != status) return false;
            return true;
        },
        $"{jobs.Length} jobs are {status}");

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
