using AiPlatform.Jobs;
using AiPlatform.Tests.Fixtures;
using StackExchange.Redis;
using Xunit;

namespace AiPlatform.Tests.Jobs.Store;

/// <summary>The real store with a queue for the test, and methods to let time pass in it.</summary>
internal sealed class StoreSut : IAsyncDisposable
{
    public const string Worker = "worker-1";

    private readonly RedisServer _redis;
    private readonly JobStoreHost _host;

    private StoreSut(RedisServer redis, QueueName queue, (string Key, string Value)[] settings)
    {
        _redis = redis;
        Queue = queue;
        _host = JobStoreHost.On(redis.Connection, settings);
    }

    public static JobOutcome Success { get; } =
        JobOutcome.Success(new JobOutput(JobOutput.Json, "{\"ok\":1}"u8.ToArray()), """{"prompt_tokens":3,"total_tokens":3}""");

    public static InferenceError Failed { get; } = new() { Kind = InferenceErrorKind.ModelFailed, Message = "The model failed." };

    public QueueName Queue { get; }

    public IJobStore Store => _host.Store;

    public IQueueOperations Operations => _host.Operations;

    public IDatabase Database => _redis.Connection.GetDatabase();

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public static StoreSut On(RedisServer redis, params (string Key, string Value)[] settings) =>
        new(redis, QueueName.ForModel(RedisServer.Unique("q")), settings);

    /// <summary>A queue of this name.</summary>
    public static StoreSut Of(RedisServer redis, QueueName queue, params (string Key, string Value)[] settings) =>
        new(redis, queue, settings);

    /// <summary>The same queue as a process with other settings sees it.</summary>
    public StoreSut With(params (string Key, string Value)[] settings) => new(_redis, Queue, settings);

    /// <summary>The name of one of the queue's keys.</summary>
    public RedisKey Key(string kind) => $"ai:{{{Queue}}}:{kind}";

    public JobSubmission Submission(string body = "{}", TimeSpan? deadline = null, string? watcher = null) =>
        JobStoreHost.Submission(Queue, body, deadline, watcher);

    public async Task<JobId> SubmitAsync(JobSubmission? job = null)
    {
        job ??= Submission();
        Assert.Equal(SubmitOutcome.Accepted, (await Store.SubmitAsync(job, Ct)).Outcome);
        return job.Id;
    }

    /// <summary>Submits many at once, in their order.</summary>
    public async Task<IReadOnlyList<JobId>> SubmitAsync(IEnumerable<JobSubmission> jobs) =>
        await Task.WhenAll(jobs.Select(job => SubmitAsync(job)));

    public async Task<IReadOnlyList<LeasedJob>> LeaseAsync(int most, int mostBytes = 1_000_000, string worker = Worker) =>
        (await Store.LeaseAsync(Queue, worker, most, mostBytes, isIdle: false, Ct)).Jobs;

    /// <summary>Leases the one job whose turn it is.</summary>
    public async Task<LeasedJob> LeaseOneAsync(string worker = Worker) => Assert.Single(await LeaseAsync(1, worker: worker));

    public async Task<LeasedJob> SubmitAndLeaseAsync(JobSubmission? job = null, string worker = Worker)
    {
        var id = await SubmitAsync(job);
        var leased = await LeaseOneAsync(worker);
        Assert.Equal(id, leased.Id);
        return leased;
    }

    public async Task<Job> ReadAsync(JobId id)
    {
        var job = await Store.ReadAsync(id, null, true, Ct);
        Assert.NotNull(job);
        return job;
    }

    public async Task<JobStatus> StatusAsync(JobId id) => (await ReadAsync(id)).Status;

    public async Task CommitAsync(LeasedJob job) => Assert.True(await Store.CommitAsync(job, Success, Ct));

    /// <summary>Fails a job for good, in a queue with <c>Jobs:MaxFailures</c> 1.</summary>
    public async Task<JobId> KillAsync(JobSubmission? job = null)
    {
        var leased = await SubmitAndLeaseAsync(job);
        Assert.Equal(ReleaseOutcome.Failed, await Store.ReleaseAsync(leased, Failed, Ct));
        return leased.Id;
    }

    /// <summary>Sweeps even if another process has just swept.</summary>
    public async Task<SweepResult> SweepAsync()
    {
        await Database.KeyDeleteAsync(Key("swept"));
        return await Store.SweepAsync(Queue, Ct);
    }

    /// <summary>Lets leases end and a sweep find them.</summary>
    public async Task<SweepResult> LoseAsync(params LeasedJob[] jobs)
    {
        foreach (var job in jobs) await PassAsync("leases", job.Id);
        return await SweepAsync();
    }

    /// <summary>Loses the lease of a job several times. In between, the job is leased as one that must run alone if it must.</summary>
    public async Task LoseAsync(JobId id, int times)
    {
        for (var i = 0; i < times; i++)
        {
            var leased = Assert.Single((await Store.LeaseAsync(Queue, "lost-worker", 1, 1_000_000, isIdle: true, Ct)).Jobs);
            Assert.Equal(id, leased.Id);
            await LoseAsync(leased);
        }
    }

    /// <summary>Lets the time pass that an entry of an index (leases, delayed, deadlines) waits for.</summary>
    public async Task PassAsync(string index, JobId id)
    {
        Assert.NotNull(await Database.SortedSetScoreAsync(Key(index), id.Key));
        await Database.SortedSetAddAsync(Key(index), id.Key, 1);
    }

    /// <summary>Lets Redis' clock, which decides, pass a span of time.</summary>
    public async Task PassAsync(TimeSpan span)
    {
        var server = _redis.Connection.GetServer(_redis.ConnectionString);
        var start = await server.TimeAsync();
        await Poll.UntilAsync(async () => await server.TimeAsync() - start > span, "Redis' clock goes on");
    }

    /// <summary>
    /// Holds writes until all calls have been made: the first call goes alone, and later calls of the same kind and queue go together.
    /// </summary>
    public async Task<T[]> TogetherAsync<T>(Func<IEnumerable<Task<T>>> calls)
    {
        using var apart = await ConnectionMultiplexer.ConnectAsync($"{_redis.ConnectionString},allowAdmin=true");
        await apart.GetDatabase().ExecuteAsync("CLIENT", "PAUSE", "60000", "WRITE");
        var made = calls().ToList();
        await apart.GetDatabase().ExecuteAsync("CLIENT", "UNPAUSE");
        return await Task.WhenAll(made);
    }

    /// <summary>The kinds of key that the queue has now, sorted; without those that any call leaves for a moment, and the lists.</summary>
    public async Task<string[]> KeysAsync() =>
        [.. (await AllKeysAsync()).Select(key => key.Split(':')[2])
            .Where(kind => kind is not ("waiting" or "offers" or "swept" or "drained" or "jobs" or "tenants" or "bytes"))];

    /// <summary>Every key of the queue, sorted.</summary>
    public async Task<string[]> AllKeysAsync()
    {
        var keys = (RedisResult[])(await Database.ExecuteAsync("KEYS", $"ai:{{{Queue}}}:*"))!;
        return [.. keys.Select(key => (string)key!).Order(StringComparer.Ordinal)];
    }

    public ValueTask DisposeAsync() => _host.DisposeAsync();
}
