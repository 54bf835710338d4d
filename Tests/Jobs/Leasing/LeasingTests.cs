using System.Collections.Concurrent;
using AiPlatform.Jobs;
using AiPlatform.Jobs.Leasing;
using AiPlatform.Jobs.Redis;
using AiPlatform.Tests.Fixtures;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Xunit;

namespace AiPlatform.Tests.Jobs.Leasing;

/// <summary>The leasing loop with its consumer, on a real redis-server.</summary>
public sealed class LeasingTests(RedisServer redis) : IClassFixture<RedisServer>
{
    private readonly QueueName _queue = QueueName.ForModel(RedisServer.Unique("q"));

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private static JobOutcome Success { get; } = JobOutcome.Success(new JobOutput(JobOutput.Json, "1"u8.ToArray()), null);

    [Fact]
    public async Task Lease_HundredJobs_EachRunsOnceAndSucceeds()
    {
        var runs = new ConcurrentBag<JobId>();
        await using var sut = await CreateSutAsync((job, _) =>
        {
            runs.Add(job.Id);
            return Task.FromResult(Success);
        });

        var jobs = new List<JobId>();
        for (var i = 0; i < 100; i++) jobs.Add(await SubmitAsync(sut));

        foreach (var job in jobs) await UntilAsync(sut, job, JobStatus.Succeeded);
        Assert.Equal(jobs.Select(job => job.ToString()).Order(), runs.Select(job => job.ToString()).Order());
    }

    [Fact]
    public async Task Lease_MoreJobsThanRoom_NeverRunsMoreThanItsCapacity()
    {
        var (now, most) = (0, 0);
        await using var sut = await CreateSutAsync(async (_, token) =>
        {
            var running = Interlocked.Increment(ref now);
            for (var seen = Volatile.Read(ref most); running > seen; seen = Volatile.Read(ref most))
                Interlocked.CompareExchange(ref most, running, seen);
            await Task.Yield();
            Interlocked.Decrement(ref now);
            return Success;
        });

        var jobs = new List<JobId>();
        for (var i = 0; i < 64; i++) jobs.Add(await SubmitAsync(sut));
        foreach (var job in jobs) await UntilAsync(sut, job, JobStatus.Succeeded);

        Assert.InRange(most, 1, 8);
    }

    /// <summary>Running jobs may leave less room than the capacity. A process without jobs takes one even without room.</summary>
    [Fact]
    public async Task Lease_NoRoomBesideWhatRuns_TakesOneAtATime()
    {
        var (now, most) = (0, 0);
        await using var sut = await LeasingHost.StartAsync(
            redis.ConnectionString, [_queue], queue => queue with { Room = () => 0 }, async (_, token) =>
            {
                most = Math.Max(most, Interlocked.Increment(ref now));
                await Task.Yield();
                Interlocked.Decrement(ref now);
                return Success;
            });

        var jobs = new List<JobId>();
        for (var i = 0; i < 16; i++) jobs.Add(await SubmitAsync(sut));
        foreach (var job in jobs) await UntilAsync(sut, job, JobStatus.Succeeded);

        Assert.Equal(1, most);
    }

    /// <summary>Once a process has offered room, submits lease to it, and it asks for jobs only now and then.</summary>
    [Fact]
    public async Task Lease_ProcessHasRoom_JobsComeWithoutALease()
    {
        await using var sut = await CreateSutAsync((_, _) => Task.FromResult(Success), ("Jobs:PollInterval", "00:00:30"));
        var database = redis.Connection.GetDatabase();
        await Poll.UntilAsync(async () => await database.KeyExistsAsync($"ai:{{{_queue}}}:offers"), "room is offered");
        var before = await LeasesAsync();

        for (var i = 0; i < 40; i++) await UntilAsync(sut, await SubmitAsync(sut), JobStatus.Succeeded);

        // It offers 8 jobs, and offers again when half of them have come.
        Assert.InRange(await LeasesAsync() - before, 1, 20);
    }

    /// <summary>A job that a submit cannot send is leased as before, also while the process offers room.</summary>
    [Fact]
    public async Task Lease_JobIsTooLargeToBeSent_RunsAtOnce()
    {
        await using var sut = await CreateSutAsync((_, _) => Task.FromResult(Success), ("Jobs:PollInterval", "00:01:00"));
        await Poll.UntilAsync(
            async () => await redis.Connection.GetDatabase().KeyExistsAsync($"ai:{{{_queue}}}:offers"), "room is offered");
        var large = JobStoreHost.Submission(_queue, body: $"\"{new string('x', 70_000)}\"");

        await sut.Store.SubmitAsync(large, Ct);

        await UntilAsync(sut, large.Id, JobStatus.Succeeded);
    }

    /// <summary>A job that is leased to a process in the moment in which it can take none goes back at once.</summary>
    [Fact]
    public async Task Lease_ProcessCannotTakeWhatItOffered_GivesItBack()
    {
        await using var store = JobStoreHost.On(redis.Connection);
        await using var full = await LeasingHost.StartAsync(
            redis.ConnectionString, [_queue], queue => queue with { Room = () => 0, DelayPerJob = TimeSpan.FromMinutes(2) },
            WaitForEverAsync);
        await UntilAsync(full, await SubmitAsync(full), JobStatus.Running);
        await redis.Connection.GetDatabase().HashSetAsync(
            $"ai:{{{_queue}}}:offers", full.Worker, "1 0 5 600000 0 9999999999999 0 0");

        var id = await SubmitAsync(store.Store);
        await using var other = await CreateSutAsync((_, _) => Task.FromResult(Success), ("Jobs:PollInterval", "00:00:01"));
        var job = await UntilAsync(other, id, JobStatus.Succeeded);

        Assert.Equal(1, full.Running.Count);
        Assert.Equal(2, job.Attempts);
    }

    [Fact]
    public async Task StopAsync_ProcessHasOffered_NothingIsLeasedToIt()
    {
        await using var reader = JobStoreHost.On(redis.Connection);
        var sut = await CreateSutAsync((_, _) => Task.FromResult(Success));
        await UntilAsync(sut, await SubmitAsync(sut), JobStatus.Succeeded);
        await sut.DisposeAsync();

        Assert.False(await redis.Connection.GetDatabase().KeyExistsAsync($"ai:{{{_queue}}}:offers"));
        var late = await SubmitAsync(reader.Store);
        Assert.Equal(JobStatus.Queued, (await reader.Store.ReadAsync(late, null, false, Ct))!.Status);
    }

    [Theory]
    [InlineData("leased ")]
    [InlineData("leased {queue} 1700000000000\nkey 5 5\nabc")]
    [InlineData("{queue} key x")]
    [InlineData("")]
    public async Task Listen_MessageOfAnotherProgram_IsIgnored(string message)
    {
        await using var sut = await CreateSutAsync((_, _) => Task.FromResult(Success));
        await UntilAsync(sut, await SubmitAsync(sut), JobStatus.Succeeded);

        await redis.Connection.GetSubscriber().PublishAsync(
            RedisKeys.Worker(sut.Worker), message.Replace("{queue}", _queue.ToString(), StringComparison.Ordinal));

        for (var i = 0; i < 20; i++) await UntilAsync(sut, await SubmitAsync(sut), JobStatus.Succeeded);
        Assert.Equal(HealthStatus.Healthy, await sut.LivenessAsync());
    }

    /// <summary>A process that runs a job leaves the next ones to a process that runs none.</summary>
    [Fact]
    public async Task Lease_ADelayForEachJob_LeavesJobsToTheProcessWithFewer()
    {
        var (busyRuns, idleRuns) = (0, 0);
        var begun = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var ended = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Func<LeasedQueue, LeasedQueue> change = queue => queue with { DelayPerJob = TimeSpan.FromMinutes(2) };
        await using var busy = await LeasingHost.StartAsync(redis.ConnectionString, [_queue], change, async (_, token) =>
        {
            if (Interlocked.Increment(ref busyRuns) > 1) return Success;
            begun.SetResult();
            await ended.Task.WaitAsync(token);
            return Success;
        });
        await SubmitAsync(busy);
        await begun.Task.WaitAsync(TimeSpan.FromSeconds(30), Ct);
        await using var idle = await LeasingHost.StartAsync(redis.ConnectionString, [_queue], change, (_, _) =>
        {
            Interlocked.Increment(ref idleRuns);
            return Task.FromResult(Success);
        });

        for (var i = 0; i < 20; i++) await UntilAsync(idle, await SubmitAsync(idle), JobStatus.Succeeded);

        Assert.Equal((1, 20), (busyRuns, idleRuns));
        ended.SetResult();
    }

    [Fact]
    public async Task Run_ExpectedErrorThatCannotHelp_FailsAtOnce()
    {
        var runs = 0;
        await using var sut = await CreateSutAsync((_, _) =>
        {
            Interlocked.Increment(ref runs);
            return Task.FromResult(JobOutcome.Failure(new InferenceError
            {
                Kind = InferenceErrorKind.ContextLengthExceeded,
                Message = "257 tokens, 256 at most.",
                Param = "input",
            }));
        });

        var job = await UntilAsync(sut, await SubmitAsync(sut), JobStatus.Failed);

        Assert.Equal(("context_length_exceeded", "input", 1), (job.Error!.Code, job.Error.Param, runs));
    }

    [Fact]
    public async Task Run_Throws_IsTriedAgainAndSucceeds()
    {
        var runs = 0;
        await using var sut = await CreateSutAsync(
            (_, _) => Interlocked.Increment(ref runs) < 3 ? throw new InvalidOperationException("a secret prompt")
                : Task.FromResult(Success),
            ("Jobs:RetryDelay", "00:00:00.010"), ("Jobs:SweepInterval", "00:00:00.050"));

        var job = await UntilAsync(sut, await SubmitAsync(sut), JobStatus.Succeeded);

        Assert.Equal(3, job.Attempts);
    }

    [Fact]
    public async Task Run_AlwaysThrows_FailsWithoutTellingTheException()
    {
        await using var sut = await CreateSutAsync(
            (_, _) => throw new InvalidOperationException("a secret prompt"),
            ("Jobs:RetryDelay", "00:00:00.010"), ("Jobs:SweepInterval", "00:00:00.050"));

        var job = await UntilAsync(sut, await SubmitAsync(sut), JobStatus.Failed);

        Assert.Equal(("internal_error", 3), (job.Error!.Code, job.Attempts));
        Assert.DoesNotContain("secret", job.Error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Cancel_WhileItRuns_StopsTheRun()
    {
        var stopped = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var sut = await CreateSutAsync(async (_, token) =>
        {
            await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, token).ContinueWith(
                _ => stopped.TrySetResult(), TaskScheduler.Default);
            token.ThrowIfCancellationRequested();
            return Success;
        });
        var id = await SubmitAsync(sut);
        await UntilAsync(sut, id, JobStatus.Running);

        await sut.Store.CancelAsync(id, Tenants.Anonymous, Ct);

        await stopped.Task.WaitAsync(TimeSpan.FromSeconds(30), Ct);
        await UntilAsync(sut, id, JobStatus.Canceled);
        await Poll.UntilAsync(() => sut.Running.Count == 0, "nothing runs");
    }

    [Fact]
    public async Task Run_DeadlinePasses_IsStoppedAndExpires()
    {
        await using var sut = await CreateSutAsync(WaitForEverAsync, ("Jobs:SweepInterval", "00:00:00.050"));

        var id = await SubmitAsync(sut, TimeSpan.FromMilliseconds(300));

        await UntilAsync(sut, id, JobStatus.Expired);
        await Poll.UntilAsync(() => sut.Running.Count == 0, "nothing runs");
    }

    [Fact]
    public async Task Run_LongerThanItsLease_IsRenewed()
    {
        var go = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var sut = await CreateSutAsync(
            async (_, token) =>
            {
                await go.Task.WaitAsync(token);
                return Success;
            },
            ("Jobs:LeaseDuration", "00:00:03"), ("Jobs:SweepInterval", "00:00:00.050"));
        var id = await SubmitAsync(sut);
        var started = (await UntilAsync(sut, id, JobStatus.Running)).StartedAt!.Value;
        var server = redis.Connection.GetServer(redis.ConnectionString);
        await Poll.UntilAsync(async () => await server.TimeAsync() - started.UtcDateTime > TimeSpan.FromSeconds(6), "two leases pass");

        go.SetResult();

        Assert.Equal(1, (await UntilAsync(sut, id, JobStatus.Succeeded)).Attempts);
    }

    [Fact]
    public async Task StopAsync_RunThatEndsInTime_IsCommitted()
    {
        var go = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var reader = JobStoreHost.On(redis.Connection);
        JobId id;
        await using (var sut = await CreateSutAsync(async (_, token) =>
        {
            await go.Task.WaitAsync(token);
            return Success;
        }))
        {
            id = await SubmitAsync(sut);
            await UntilAsync(sut, id, JobStatus.Running);
            var stopping = sut.StopAsync();
            await Poll.UntilAsync(() => !sut.Leases, "it leases no more");
            var late = await SubmitAsync(reader.Store);
            go.SetResult();
            await stopping;
            Assert.Equal(JobStatus.Queued, (await reader.Store.ReadAsync(late, null, false, Ct))!.Status);
        }

        Assert.Equal(JobStatus.Succeeded, (await reader.Store.ReadAsync(id, null, false, Ct))!.Status);
    }

    [Fact]
    public async Task StopAsync_RunThatTakesTooLong_GoesBackToItsPlace()
    {
        await using var reader = JobStoreHost.On(redis.Connection);
        JobId id;
        await using (var sut = await CreateSutAsync(WaitForEverAsync, ("Leasing:DrainTimeout", "00:00:00.100")))
        {
            id = await SubmitAsync(sut);
            await UntilAsync(sut, id, JobStatus.Running);
        }

        var job = await reader.Store.ReadAsync(id, null, false, Ct);
        Assert.Equal((JobStatus.Queued, 0L), (job!.Status, job.Position));
    }

    [Fact]
    public async Task Leasing_RedisRestarts_GoesOnByItself()
    {
        await using var own = new RedisServer();
        await own.InitializeAsync();
        var go = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var sut = await LeasingHost.StartAsync(own.ConnectionString, _queue, async (_, token) =>
        {
            await go.Task.WaitAsync(token);
            return Success;
        });
        var running = await SubmitAsync(sut);
        await UntilAsync(sut, running, JobStatus.Running);

        await own.StopAsync();
        go.SetResult();
        Assert.Equal(HealthStatus.Unhealthy, (await sut.ReadinessAsync()).Status);
        Assert.Equal(HealthStatus.Healthy, await sut.LivenessAsync());
        await Assert.ThrowsAsync<QueueUnavailableException>(() => sut.Store.SubmitAsync(JobStoreHost.Submission(_queue), Ct));
        await own.StartAsync();

        await UntilAsync(sut, running, JobStatus.Succeeded);
        await UntilAsync(sut, await SubmitAsync(sut), JobStatus.Succeeded);
        await Poll.UntilAsync(async () => (await sut.ReadinessAsync()).Status == HealthStatus.Healthy, "ready again");
    }

    [Fact]
    public async Task Leasing_RedisHangs_CallsEndWithinTheirLimit()
    {
        await using var own = new RedisServer();
        await own.InitializeAsync();
        await using var sut = await LeasingHost.StartAsync(own.ConnectionString, _queue, (_, _) => Task.FromResult(Success));
        await UntilAsync(sut, await SubmitAsync(sut), JobStatus.Succeeded);

        await own.SignalAsync("-STOP");
        await Assert.ThrowsAsync<QueueUnavailableException>(() => sut.Store.SubmitAsync(JobStoreHost.Submission(_queue), Ct));
        await own.SignalAsync("-CONT");

        JobId? id = null;
        await Poll.UntilAsync(
            async () =>
            {
                try
                {
                    id = await SubmitAsync(sut);
                    return true;
                }
                catch (QueueUnavailableException)
                {
                    return false;
                }
            },
            "Redis answers again");
        await UntilAsync(sut, id!.Value, JobStatus.Succeeded);
    }

    private static async Task<JobOutcome> WaitForEverAsync(LeasedJob job, CancellationToken token)
    {
        await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, token);
        return Success;
    }

    /// <summary>How often the script has run that leases from a queue, in this Redis.</summary>
    private async Task<long> LeasesAsync()
    {
        var stats = await redis.Connection.GetServer(redis.ConnectionString).InfoAsync("commandstats");
        return stats.SelectMany(group => group).Where(one => one.Key == "cmdstat_pexpire")
            .Sum(one => long.Parse(one.Value.Split(',')[0].Split('=')[1], System.Globalization.CultureInfo.InvariantCulture));
    }

    private Task<LeasingHost> CreateSutAsync(
        Func<LeasedJob, CancellationToken, Task<JobOutcome>> run, params (string, string)[] settings) =>
        LeasingHost.StartAsync(redis.ConnectionString, _queue, run, settings);

    private Task<JobId> SubmitAsync(LeasingHost sut, TimeSpan? deadline = null) => SubmitAsync(sut.Store, deadline);

    private async Task<JobId> SubmitAsync(IJobStore store, TimeSpan? deadline = null)
    {
        var job = JobStoreHost.Submission(_queue, deadline: deadline);
        await store.SubmitAsync(job, Ct);
        return job.Id;
    }

    private static async Task<Job> UntilAsync(LeasingHost sut, JobId id, JobStatus status)
    {
        Job? job = null;
        await Poll.UntilAsync(
            async () =>
            {
                try
                {
                    return (job = await sut.Store.ReadAsync(id, null, true, Ct))?.Status == status;
                }
                catch (QueueUnavailableException)
                {
                    return false;
                }
            },
            $"{id} is {status}, but is {job?.Status}");
        return job!;
    }
}
