using System.Text;
using AiPlatform.Jobs;
using AiPlatform.Tests.Fixtures;
using StackExchange.Redis;
using Xunit;

namespace AiPlatform.Tests.Jobs.Store;

/// <summary>Every transition and every refusal of the scripts, on a real redis-server.</summary>
public sealed class JobStoreTests(RedisServer redis) : IClassFixture<RedisServer>
{
    private const string Worker = "worker-1";
    private static readonly TimeSpan Short = TimeSpan.FromMilliseconds(1);

    private readonly QueueName _queue = QueueName.ForModel(RedisServer.Unique("q"));

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private static JobOutcome Success { get; } =
        JobOutcome.Success(new JobOutput(JobOutput.Json, "{\"ok\":1}"u8.ToArray()), """{"prompt_tokens":3,"total_tokens":3}""");

    private static InferenceError Failed { get; } = new() { Kind = InferenceErrorKind.ModelFailed, Message = "The model failed." };

    [Fact]
    public async Task SubmitAsync_NewJob_IsQueuedWithEveryField()
    {
        await using var sut = CreateSut();
        var job = JobStoreHost.Submission(_queue, "{\"x\":\"ü\"}") with { Metadata = """{"a":"b"}""", Traceparent = "00-1-2-01" };

        var result = await sut.Store.SubmitAsync(job, Ct);
        var read = await sut.Store.ReadAsync(job.Id, null, true, Ct);

        Assert.Equal((SubmitOutcome.Accepted, 0L), (result.Outcome, result.Depth));
        Assert.Equal(result.At, read!.CreatedAt);
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
        var job = JobStoreHost.Submission(_queue, "first");
        await sut.Store.SubmitAsync(job, Ct);

        var again = await sut.Store.SubmitAsync(job with { Body = "second"u8.ToArray() }, Ct);
        var leased = await LeaseAsync(sut, 10);

        Assert.Equal(SubmitOutcome.AlreadyThere, again.Outcome);
        Assert.Equal("first", Encoding.UTF8.GetString(Assert.Single(leased).Body.Span));
    }

    [Fact]
    public async Task SubmitAsync_QueueFull_WritesNothing()
    {
        await using var sut = CreateSut(("Jobs:MaxQueueDepth", "2"));
        for (var i = 0; i < 2; i++) await sut.Store.SubmitAsync(JobStoreHost.Submission(_queue), Ct);
        var third = JobStoreHost.Submission(_queue);

        var result = await sut.Store.SubmitAsync(third, Ct);

        Assert.Equal((SubmitOutcome.QueueFull, 2L), (result.Outcome, result.Depth));
        Assert.Null(await sut.Store.ReadAsync(third.Id, null, false, Ct));
    }

    [Fact]
    public async Task LeaseAsync_ManyJobs_GivesTheOldestFirstAndAsManyAsAsked()
    {
        await using var sut = CreateSut();
        var submitted = new List<JobId>();
        for (var i = 0; i < 5; i++)
        {
            var job = JobStoreHost.Submission(_queue, $"{i}");
            await sut.Store.SubmitAsync(job, Ct);
            submitted.Add(job.Id);
        }

        var last = await sut.Store.ReadAsync(submitted[4], null, false, Ct);
        var first = await LeaseAsync(sut, 3);
        var rest = await LeaseAsync(sut, 3);

        Assert.Equal(4, last!.Position);
        Assert.Equal(submitted[..3], first.Select(job => job.Id));
        Assert.Equal(submitted[3..], rest.Select(job => job.Id));
        Assert.All(first, job => Assert.Equal(1, job.Attempt));
        Assert.All(first, job => Assert.InRange(job.TimeLeft, TimeSpan.FromMinutes(4), TimeSpan.FromMinutes(5)));
        Assert.Empty(await LeaseAsync(sut, 3));
    }

    [Fact]
    public async Task LeaseAsync_PayloadOverTheLimit_StopsAfterTheFirst()
    {
        await using var sut = CreateSut();
        for (var i = 0; i < 3; i++) await sut.Store.SubmitAsync(JobStoreHost.Submission(_queue, new string('x', 1_000)), Ct);

        var leased = await LeaseAsync(sut, 3, 100);
        var two = await LeaseAsync(sut, 3, 2_500);

        Assert.Single(leased);
        Assert.Equal(2, two.Count);
    }

    [Fact]
    public async Task LeaseAsync_DeadlinePassed_JobExpiresAndIsNotGiven()
    {
        await using var sut = CreateSut();
        var job = JobStoreHost.Submission(_queue, deadline: Short);
        await sut.Store.SubmitAsync(job, Ct);
        await PassAsync(TimeSpan.FromMilliseconds(3));

        var leased = await LeaseAsync(sut, 1);
        var read = await sut.Store.ReadAsync(job.Id, null, false, Ct);

        Assert.Empty(leased);
        Assert.Equal(JobStatus.Expired, read!.Status);
        Assert.Equal(InferenceErrorKind.DeadlineExceeded, read.Error!.Kind);
    }

    [Fact]
    public async Task CommitAsync_LeaseHeld_StoresResultAndDropsPayload()
    {
        await using var sut = CreateSut();
        var job = await SubmitAndLeaseAsync(sut);

        var stored = await sut.Store.CommitAsync(job, Success, Ct);
        var read = await sut.Store.ReadAsync(job.Id, null, true, Ct);

        Assert.True(stored);
        Assert.Equal(JobStatus.Succeeded, read!.Status);
        Assert.Equal("{\"ok\":1}", Encoding.UTF8.GetString(read.Output!.Content.Span));
        Assert.Equal("""{"prompt_tokens":3,"total_tokens":3}""", read.Usage);
        Assert.NotNull(read.FinishedAt);
        Assert.Equal(["job"], await KeysAsync());
    }

    [Fact]
    public async Task CommitAsync_Again_IsAcceptedAndChangesNothing()
    {
        await using var sut = CreateSut();
        var job = await SubmitAndLeaseAsync(sut);
        await sut.Store.CommitAsync(job, Success, Ct);

        var again = await sut.Store.CommitAsync(job, JobOutcome.Success(new JobOutput(JobOutput.Json, "2"u8.ToArray()), null), Ct);
        var other = await sut.Store.CommitAsync(job, JobOutcome.Failure(Failed), Ct);

        Assert.True(again);
        Assert.False(other);
        var read = await sut.Store.ReadAsync(job.Id, null, true, Ct);
        Assert.Equal("{\"ok\":1}", Encoding.UTF8.GetString(read!.Output!.Content.Span));
    }

    [Fact]
    public async Task CommitAsync_OlderAttempt_IsRefusedAndTheNewerResultStays()
    {
        await using var sut = CreateSut(("Jobs:LeaseDuration", "00:00:01"), ("Jobs:SweepInterval", "00:00:00.050"));
        var paused = await SubmitAndLeaseAsync(sut);
        await SweepUntilAsync(sut, swept => swept.Requeued == 1);
        var second = Assert.Single(await LeaseAsync(sut, 1));

        var stale = await sut.Store.CommitAsync(paused, Success, Ct);
        var released = await sut.Store.ReleaseAsync(paused, Failed, Ct);
        var renewed = await sut.Store.RenewAsync(_queue, [paused, second], Ct);
        var fresh = await sut.Store.CommitAsync(second, Success, Ct);
        var late = await sut.Store.CommitAsync(paused, Success, Ct);

        Assert.Equal(2, second.Attempt);
        Assert.False(stale);
        Assert.Equal(ReleaseOutcome.Refused, released);
        Assert.Equal([false, true], renewed);
        Assert.True(fresh);
        Assert.False(late);
    }

    [Fact]
    public async Task CommitAsync_Failure_KeepsThePayloadUntilItExpires()
    {
        await using var sut = CreateSut();
        var job = await SubmitAndLeaseAsync(sut);

        await sut.Store.CommitAsync(job, JobOutcome.Failure(Failed), Ct);
        var read = await sut.Store.ReadAsync(job.Id, null, true, Ct);

        Assert.Equal(JobStatus.Failed, read!.Status);
        Assert.Equal(Failed, read.Error);
        Assert.Equal(["job"], await KeysAsync());
    }

    [Fact]
    public async Task RenewAsync_LeaseHeld_OutlivesItsFirstEnd()
    {
        await using var sut = CreateSut(("Jobs:LeaseDuration", "00:00:01"), ("Jobs:SweepInterval", "00:00:00.050"));
        var renewed = await SubmitAndLeaseAsync(sut);
        var forgotten = await SubmitAndLeaseAsync(sut);

        await SweepUntilAsync(sut, swept => swept.Requeued == 1, () => sut.Store.RenewAsync(_queue, [renewed], Ct));

        Assert.Equal(JobStatus.Running, (await sut.Store.ReadAsync(renewed.Id, null, false, Ct))!.Status);
        Assert.Equal(JobStatus.Queued, (await sut.Store.ReadAsync(forgotten.Id, null, false, Ct))!.Status);
    }

    [Fact]
    public async Task ReleaseAsync_WithoutError_TakesItsOldPlaceUncounted()
    {
        await using var sut = CreateSut();
        var first = await SubmitAndLeaseAsync(sut);
        var second = JobStoreHost.Submission(_queue);
        await sut.Store.SubmitAsync(second, Ct);

        var released = await sut.Store.ReleaseAsync(first, null, Ct);
        var leased = await LeaseAsync(sut, 2);

        Assert.Equal(ReleaseOutcome.Requeued, released);
        Assert.Equal([first.Id, second.Id], leased.Select(job => job.Id));
        Assert.Equal(2, leased[0].Attempt);
    }

    [Fact]
    public async Task ReleaseAsync_WithError_IsTriedAgainUntilTheLimitThenFails()
    {
        await using var sut = CreateSut(("Jobs:MaxFailures", "3"), ("Jobs:RetryDelay", "00:00:00.001"));
        var job = await SubmitAndLeaseAsync(sut);
        List<ReleaseOutcome> outcomes = [await sut.Store.ReleaseAsync(job, Failed, Ct)];

        while (outcomes[^1] == ReleaseOutcome.Requeued)
        {
            IReadOnlyList<LeasedJob> leased = [];
            await Poll.UntilAsync(async () => (leased = await LeaseAsync(sut, 1)).Count == 1, "the retry is due");
            outcomes.Add(await sut.Store.ReleaseAsync(leased[0], Failed, Ct));
        }

        Assert.Equal([ReleaseOutcome.Requeued, ReleaseOutcome.Requeued, ReleaseOutcome.Failed], outcomes);
        var read = await sut.Store.ReadAsync(job.Id, null, false, Ct);
        Assert.Equal((JobStatus.Failed, 3, Failed), (read!.Status, read.Attempts, read.Error));
    }

    [Fact]
    public async Task ReleaseAsync_WithError_WaitsForItsDelay()
    {
        await using var sut = CreateSut(("Jobs:RetryDelay", "00:10:00"));
        var job = await SubmitAndLeaseAsync(sut);

        await sut.Store.ReleaseAsync(job, Failed, Ct);

        Assert.Empty(await LeaseAsync(sut, 1));
        Assert.Equal(JobStatus.Queued, (await sut.Store.ReadAsync(job.Id, null, false, Ct))!.Status);
        Assert.Equal(JobStatus.Queued, await sut.Store.CancelAsync(job.Id, Tenants.Anonymous, Ct));
        Assert.Equal(JobStatus.Canceled, (await sut.Store.ReadAsync(job.Id, null, false, Ct))!.Status);
    }

    [Fact]
    public async Task CancelAsync_QueuedRunningFinishedUnknown_EachAsItShould()
    {
        await using var sut = CreateSut();
        var running = await SubmitAndLeaseAsync(sut);
        var done = await SubmitAndLeaseAsync(sut);
        await sut.Store.CommitAsync(done, Success, Ct);
        var queued = JobStoreHost.Submission(_queue);
        await sut.Store.SubmitAsync(queued, Ct);

        Assert.Equal(JobStatus.Queued, await sut.Store.CancelAsync(queued.Id, Tenants.Anonymous, Ct));
        Assert.Equal(JobStatus.Running, await sut.Store.CancelAsync(running.Id, Tenants.Anonymous, Ct));
        Assert.Equal(JobStatus.Succeeded, await sut.Store.CancelAsync(done.Id, Tenants.Anonymous, Ct));
        Assert.Null(await sut.Store.CancelAsync(JobId.New(_queue, TimeProvider.System.GetUtcNow()), Tenants.Anonymous, Ct));

        Assert.Empty(await LeaseAsync(sut, 10));
        Assert.False(await sut.Store.CommitAsync(running, Success, Ct));
        Assert.Equal(JobStatus.Succeeded, (await sut.Store.ReadAsync(done.Id, null, false, Ct))!.Status);
        Assert.Equal(InferenceErrorKind.Canceled, (await sut.Store.ReadAsync(running.Id, null, false, Ct))!.Error!.Kind);
    }

    [Fact]
    public async Task CancelAsync_Running_TellsTheWorker()
    {
        await using var sut = CreateSut();
        var worker = RedisServer.Unique("w");
        var told = new TaskCompletionSource<string>(TaskCreationOptions.RunContinuationsAsynchronously);
        await redis.Connection.GetSubscriber().SubscribeAsync(RedisKeys.Worker(worker), (_, message) => told.TrySetResult(message!));
        await sut.Store.SubmitAsync(JobStoreHost.Submission(_queue), Ct);
        var job = Assert.Single(await LeaseAsync(sut, 1, worker: worker));

        await sut.Store.CancelAsync(job.Id, Tenants.Anonymous, Ct);

        Assert.Equal($"{_queue} {job.Id.Key} 1", await told.Task.WaitAsync(TimeSpan.FromSeconds(30), Ct));
    }

    [Fact]
    public async Task SweepAsync_LostTooOften_FailsForGood()
    {
        await using var sut = CreateSut(
            ("Jobs:LeaseDuration", "00:00:01"), ("Jobs:SweepInterval", "00:00:00.050"), ("Jobs:MaxLostLeases", "2"));
        var job = await SubmitAndLeaseAsync(sut);
        await SweepUntilAsync(sut, swept => swept.Requeued == 1);
        await LeaseAsync(sut, 1);

        await SweepUntilAsync(sut, swept => swept.Failed == 1);

        var read = await sut.Store.ReadAsync(job.Id, null, false, Ct);
        Assert.Equal((JobStatus.Failed, InferenceErrorKind.LeaseLost), (read!.Status, read.Error!.Kind));
    }

    [Fact]
    public async Task SweepAsync_DeadlinePassed_EndsQueuedAndRunning()
    {
        await using var sut = CreateSut(("Jobs:SweepInterval", "00:00:00.050"));
        var running = JobStoreHost.Submission(_queue, deadline: TimeSpan.FromMilliseconds(200));
        await sut.Store.SubmitAsync(running, Ct);
        var leased = Assert.Single(await LeaseAsync(sut, 1));
        var queued = JobStoreHost.Submission(_queue, deadline: Short);
        await sut.Store.SubmitAsync(queued, Ct);

        var expired = 0;
        await SweepUntilAsync(sut, swept => (expired += swept.Expired) == 2);

        Assert.Equal(JobStatus.Expired, (await sut.Store.ReadAsync(queued.Id, null, false, Ct))!.Status);
        Assert.Equal(JobStatus.Expired, (await sut.Store.ReadAsync(running.Id, null, false, Ct))!.Status);
        Assert.False(await sut.Store.CommitAsync(leased, Success, Ct));
    }

    [Fact]
    public async Task ReadAsync_WithWatcher_IsToldOnceWithTheResult()
    {
        await using var sut = CreateSut();
        var gateway = RedisServer.Unique("g");
        var messages = new System.Collections.Concurrent.ConcurrentQueue<string>();
        await redis.Connection.GetSubscriber().SubscribeAsync(RedisKeys.Gateway(gateway), (_, message) => messages.Enqueue(message!));
        var job = await SubmitAndLeaseAsync(sut);
        for (var i = 0; i < 3; i++) await sut.Store.ReadAsync(job.Id, gateway, false, Ct);

        await sut.Store.CommitAsync(job, Success, Ct);
        await sut.Store.ReadAsync(job.Id, gateway, false, Ct);

        await Poll.UntilAsync(() => !messages.IsEmpty, "the watcher is told");
        await redis.Connection.GetDatabase().PingAsync();
        var message = Assert.Single(messages);
        Assert.StartsWith($"ended {_queue}\n{job.Id.Key} 1 ", message, StringComparison.Ordinal);
        Assert.EndsWith("\n{\"ok\":1}", message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task CommitAsync_BigResult_IsNotPublishedWhole()
    {
        await using var sut = CreateSut();
        var gateway = RedisServer.Unique("g");
        var told = new TaskCompletionSource<string>(TaskCreationOptions.RunContinuationsAsynchronously);
        await redis.Connection.GetSubscriber().SubscribeAsync(RedisKeys.Gateway(gateway), (_, message) => told.TrySetResult(message!));
        await sut.Store.SubmitAsync(JobStoreHost.Submission(_queue, watcher: gateway), Ct);
        var job = Assert.Single(await LeaseAsync(sut, 1));

        await sut.Store.CommitAsync(job, JobOutcome.Success(new JobOutput(JobOutput.Json, new byte[65_537]), null), Ct);

        var message = await told.Task.WaitAsync(TimeSpan.FromSeconds(30), Ct);
        Assert.StartsWith($"ended {_queue}\n{job.Id.Key} 0 ", message, StringComparison.Ordinal);
        Assert.EndsWith("application/json\n", message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task SubmitAsync_WorkerWantsMore_RingsOnce()
    {
        await using var sut = CreateSut();
        var rings = 0;
        await redis.Connection.GetSubscriber().SubscribeAsync(RedisKeys.Doorbell(_queue), (_, _) => Interlocked.Increment(ref rings));
        await sut.Store.SubmitAsync(JobStoreHost.Submission(_queue), Ct);
        await LeaseAsync(sut, 2);

        for (var i = 0; i < 5; i++) await sut.Store.SubmitAsync(JobStoreHost.Submission(_queue), Ct);

        await Poll.UntilAsync(() => Volatile.Read(ref rings) > 0, "the doorbell rings");
        await redis.Connection.GetDatabase().PingAsync();
        Assert.Equal(1, rings);
    }

    [Fact]
    public async Task Scripts_AfterTheTtl_LeaveNoKey()
    {
        await using var sut = CreateSut(
            ("Jobs:ResultTtl", "00:00:01"), ("Jobs:SweepInterval", "00:00:00.050"), ("Jobs:PollInterval", "00:00:00.100"));
        await sut.Store.CommitAsync(await SubmitAndLeaseAsync(sut), Success, Ct);
        await sut.Store.CommitAsync(await SubmitAndLeaseAsync(sut), JobOutcome.Failure(Failed), Ct);
        await sut.Store.CancelAsync((await SubmitAndLeaseAsync(sut)).Id, Tenants.Anonymous, Ct);
        await sut.Store.SubmitAsync(JobStoreHost.Submission(_queue, deadline: Short), Ct);
        await SweepUntilAsync(sut, swept => swept.Expired == 1);

        await Poll.UntilAsync(async () => (await KeysAsync()).Length == 0, "every key expires");
    }

    [Fact]
    public async Task RunAsync_ScriptsForgotten_AreLoadedAgain()
    {
        await using var sut = CreateSut();
        await sut.Store.SubmitAsync(JobStoreHost.Submission(_queue), Ct);
        await redis.Connection.GetDatabase().ExecuteAsync("SCRIPT", "FLUSH");

        var result = await sut.Store.SubmitAsync(JobStoreHost.Submission(_queue), Ct);

        Assert.Equal(1, result.Depth);
    }

    private JobStoreHost CreateSut(params (string, string)[] settings) => JobStoreHost.On(redis.Connection, settings);

    private async Task<IReadOnlyList<LeasedJob>> LeaseAsync(JobStoreHost sut, int most, int mostBytes = 1_000_000, string worker = Worker) =>
        (await sut.Store.LeaseAsync(_queue, worker, most, mostBytes, isIdle: false, Ct)).Jobs;

    private async Task<LeasedJob> SubmitAndLeaseAsync(JobStoreHost sut)
    {
        await sut.Store.SubmitAsync(JobStoreHost.Submission(_queue), Ct);
        return Assert.Single(await LeaseAsync(sut, 1));
    }

    /// <summary>Sweeps again and again until one sweep found what is looked for.</summary>
    private Task SweepUntilAsync(JobStoreHost sut, Func<SweepResult, bool> found, Func<Task>? meanwhile = null) => Poll.UntilAsync(
        async () =>
        {
            if (meanwhile is not null) await meanwhile();
            return found(await sut.Store.SweepAsync(_queue, Ct));
        },
        "a sweep finds it");

    /// <summary>Lets Redis' clock, which decides, pass a span of time.</summary>
    private async Task PassAsync(TimeSpan span)
    {
        var server = redis.Connection.GetServer(redis.ConnectionString);
        var start = await server.TimeAsync();
        await Poll.UntilAsync(async () => await server.TimeAsync() - start > span, "Redis' clock goes on");
    }

    /// <summary>The kinds of key that the queue has now, sorted.</summary>
    private async Task<string[]> KeysAsync()
    {
        var keys = (RedisResult[])(await redis.Connection.GetDatabase().ExecuteAsync("KEYS", $"ai:{{{_queue}}}:*"))!;
        return [.. keys.Select(key => ((string)key!).Split(':')[2]).Where(kind => kind is not ("waiting" or "swept" or "drained" or "jobs" or "tenants")).Order(StringComparer.Ordinal)];
    }
}
