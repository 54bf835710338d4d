using AiPlatform.Benchmarks.Processes;
using AiPlatform.Benchmarks.Queue;
using AiPlatform.Jobs;
using AiPlatform.Jobs.Catalog;
using AiPlatform.ServiceDefaults;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace AiPlatform.Benchmarks.Growth;

/// <summary>
/// One run with one load: a new Redis is filled, then one job at a time is submitted, leased and committed in this process. Between
/// submit and commit nothing else is under way, so the times are those of the store alone.
/// </summary>
internal sealed class GrowthRun
{
    /// <summary>Measured jobs.</summary>
    public const int Jobs = 1_000;

    /// <summary>Jobs on a page of the list.</summary>
    public const int PageSize = 20;

    /// <summary>Jobs before the measurement, so that the runtime has compiled the code.</summary>
    private const int WarmUpJobs = 3_000;

    /// <summary>Calls of what is asked for less often.</summary>
    private const int RareCalls = 200;

    /// <summary>Submits at a time while Redis is filled.</summary>
    private const int FillInFlight = 512;

    private const string Worker = "worker";
    private const string Caller = "caller";

    private readonly IJobStore _store;
    private readonly IWorkerCatalog _catalog;
    private readonly TimeProvider _time;

    private GrowthRun(IServiceProvider services)
    {
        _store = services.GetRequiredService<IJobStore>();
        _catalog = services.GetRequiredService<IWorkerCatalog>();
        _time = services.GetRequiredService<TimeProvider>();
    }

    public static async Task<GrowthMeasurement> MeasureAsync(GrowthLoad load, CancellationToken cancellationToken)
    {
        await using var redis = await RedisUnderTest.StartAsync([], cancellationToken);
        using var host = Build(redis);
        return await new GrowthRun(host.Services).MeasureAsync(load, redis, cancellationToken);
    }

    private static IHost Build(RedisUnderTest redis)
    {
        var builder = Host.CreateApplicationBuilder();
        builder.Configuration.AddInMemoryCollection(new Dictionary<string, string?>
        {
            ["ConnectionStrings:redis"] = redis.Address,
            [$"{JobsOptions.SectionName}:{nameof(JobsOptions.MaxQueueDepth)}"] = "10000000",
            [$"{JobsOptions.SectionName}:{nameof(JobsOptions.MaxQueuedPerTenant)}"] = "10000000",
        });
        builder.Logging.ClearProviders();
        builder.AddServiceDefaults("growth", HealthStatus.Unhealthy);
        builder.Services.AddJobStore();
        return builder.Build();
    }

    private async Task<GrowthMeasurement> MeasureAsync(GrowthLoad load, RedisUnderTest redis, CancellationToken cancellationToken)
    {
        await RunJobsAsync(new Times(WarmUpJobs), cancellationToken);
        await BeatAsync(load, cancellationToken);
        var empty = await redis.UsedBytesAsync();
        await FillAsync(load, cancellationToken);
        var bytes = load.Jobs > 0 ? (double)(await redis.UsedBytesAsync() - empty) / load.Jobs : (double?)null;

        await redis.ResetCountersAsync();
        var others = new MachineLoad(redis.Process);
        var jobs = new Times(Jobs);
        await RunJobsAsync(jobs, cancellationToken);
        var counts = await redis.CountsAsync();

        // The tenant that has all the waiting jobs, or the one whose jobs have ended.
        var lister = load.Jobs > 0 && load.Tenants == 1 ? GrowthLoad.Bulk : Caller;
        var listed = load.QueueOf(0);
        return new GrowthMeasurement
        {
            SubmitMilliseconds = Median.Of(jobs.Submits),
            LeaseMilliseconds = Median.Of(jobs.Leases),
            CommitMilliseconds = Median.Of(jobs.Commits),
            ListMilliseconds = await MedianAsync(
                () => _store.ListAsync(listed, lister, status: null, before: null, PageSize, cancellationToken)),
            SweepMilliseconds = await MedianAsync(() => _store.SweepAsync(NoopModel.Queue, cancellationToken)),
            CatalogMilliseconds = await MedianAsync(() => _catalog.ReadAsync(cancellationToken)),
            ScriptMicroseconds = (double)counts.ScriptMicroseconds / Jobs,
            BytesPerWaitingJob = bytes,
            OtherCores = others.OtherCores(),
        };
    }

    private async Task BeatAsync(GrowthLoad load, CancellationToken cancellationToken)
    {
        ModelDescriptor[] models =
        [
            NoopModel.Descriptor, .. Enumerable.Range(0, load.Models == 1 ? 0 : load.Models).Select(GrowthLoad.ModelOf),
        ];
        for (var worker = 0; worker < load.Workers; worker++)
        {
            var heartbeat = new WorkerHeartbeat
            {
                Worker = $"worker-{worker}",
                Host = "bench",
                ProcessId = worker,
                Device = "none",
                StartedAt = _time.GetUtcNow(),
                Models = [.. models.Select(model => new ModelLoad(model.Name, 0, 1))],
            };
            await _catalog.BeatAsync(heartbeat, models, cancellationToken);
        }
    }

    private async Task FillAsync(GrowthLoad load, CancellationToken cancellationToken)
    {
        var next = -1;
        await Task.WhenAll(Enumerable.Range(0, FillInFlight).Select(_ => Task.Run(FillSomeAsync, cancellationToken)));

        async Task FillSomeAsync()
        {
            for (int job; (job = Interlocked.Increment(ref next)) < load.Jobs;)
                await SubmitAsync(load.QueueOf(job), load.TenantOf(job), load.Lane, cancellationToken);
        }
    }

    private async Task RunJobsAsync(Times times, CancellationToken cancellationToken)
    {
        for (var i = 0; i < times.Submits.Length; i++)
        {
            var at = _time.GetTimestamp();
            await SubmitAsync(NoopModel.Queue, Caller, Lane.Interactive, cancellationToken);
            at = Times.Note(times.Submits, i, at, _time);
            var leased = await _store.LeaseAsync(NoopModel.Queue, Worker, maxJobs: 1, int.MaxValue, isIdle: false, cancellationToken);
            at = Times.Note(times.Leases, i, at, _time);
            if (leased.Jobs is not [var job] || !await _store.CommitAsync(job, NoopModel.Outcome, cancellationToken))
                throw new BenchmarkException("A job that had been submitted was not leased, or its result was refused.");
            Times.Note(times.Commits, i, at, _time);
        }
    }

    private async Task SubmitAsync(QueueName queue, string tenant, Lane lane, CancellationToken cancellationToken)
    {
        var submitted = await _store.SubmitAsync(
            new JobSubmission
            {
                Id = JobId.New(queue, _time.GetUtcNow()),
                Endpoint = "/v1/embeddings",
                Model = NoopModel.Name,
                Tenant = tenant,
                Lane = lane,
                Cost = 3,
                Body = NoopModel.Body,
                Deadline = TimeSpan.FromHours(1),
                // Nobody asks for the place of a job that a call waits for.
                Watcher = tenant == Caller ? "gateway" : null,
            },
            cancellationToken);
        if (submitted.Outcome != SubmitOutcome.Accepted) throw new BenchmarkException($"A job was not accepted: {submitted.Outcome}.");
    }

    private async Task<double> MedianAsync(Func<Task> call)
    {
        var milliseconds = new double[RareCalls];
        for (var i = 0; i < milliseconds.Length; i++)
        {
            var at = _time.GetTimestamp();
            await call();
            milliseconds[i] = _time.GetElapsedTime(at).TotalMilliseconds;
        }

        return Median.Of(milliseconds);
    }

    /// <summary>The times of the three calls of each job, in milliseconds.</summary>
    private sealed class Times(int jobs)
    {
        public double[] Submits { get; } = new double[jobs];
        public double[] Leases { get; } = new double[jobs];
        public double[] Commits { get; } = new double[jobs];

        /// <summary>Writes the time since a timestamp, and returns the present one.</summary>
        public static long Note(double[] times, int job, long since, TimeProvider time)
        {
            var now = time.GetTimestamp();
            times[job] = time.GetElapsedTime(since, now).TotalMilliseconds;
            return now;
        }
    }
}
