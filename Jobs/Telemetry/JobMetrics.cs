using System.Diagnostics;
using System.Diagnostics.Metrics;
using AiPlatform.ServiceDefaults.Telemetry;

namespace AiPlatform.Jobs.Telemetry;

/// <summary>Metrics of the queue in this process; documented in docs/operations.md.</summary>
public sealed class JobMetrics
{
    private readonly Counter<long> _jobs;
    private readonly Counter<long> _runs;
    private readonly Counter<long> _broken;
    private readonly Histogram<double> _waited;
    private readonly Histogram<double> _ran;
    private readonly Histogram<double> _redisCalls;
    private readonly Histogram<int> _redisItems;
    private long _requeued;
    private long _failed;
    private long _expired;
    private long _retriesDue;

    public JobMetrics(IMeterFactory meters)
    {
        var meter = meters.Create(TelemetrySources.Name);
        var seconds = new InstrumentAdvice<double> { HistogramBucketBoundaries = TelemetrySources.SecondsBuckets };
        _jobs = meter.CreateCounter<long>("aiplatform.jobs.ended", "{job}", "Jobs that this process ended, by model and outcome");
        _runs = meter.CreateCounter<long>("aiplatform.jobs.runs", "{run}", "Runs of jobs that ended, by model and outcome");
        _broken = meter.CreateCounter<long>(
            "aiplatform.jobs.broken", "{job}", "Jobs that this process put aside because they could not be read, by model");
        _waited = meter.CreateHistogram<double>(
            "aiplatform.jobs.queue_time", "s", "Time from submit to lease, first attempts only", advice: seconds);
        // Name and tags are those of OpenTelemetry's messaging conventions.
        _ran = meter.CreateHistogram<double>(
            "messaging.process.duration", "s", "Time from lease to the end of the run, by queue and outcome", advice: seconds);
        _redisCalls = meter.CreateHistogram<double>(
            "aiplatform.redis.call_time", "s", "Time of one call to Redis, by script and whether it was answered", advice: seconds);
        _redisItems = meter.CreateHistogram(
            "aiplatform.redis.calls_together", "{call}", "Calls of the store that shared one call to Redis, by script",
            advice: new InstrumentAdvice<int> { HistogramBucketBoundaries = [1, 2, 4, 8, 16, 32, 64, 128] });
        meter.CreateObservableCounter("aiplatform.jobs.swept", Swept, "{job}", "Jobs that this process' sweeps changed, by the reason");
    }

    /// <summary>A script was run.</summary>
    internal void Called(string script, TimeSpan elapsed, bool answered) => _redisCalls.Record(
        elapsed.TotalSeconds, new KeyValuePair<string, object?>("script", script), new KeyValuePair<string, object?>("answered", answered));

    /// <summary>Calls of the store were sent with one script.</summary>
    internal void SentTogether(string script, int calls) => _redisItems.Record(calls, new KeyValuePair<string, object?>("script", script));

    /// <summary>Jobs ended for good: <c>succeeded</c>, <c>failed</c>, <c>canceled</c> or <c>expired</c>.</summary>
    internal void Ended(string model, JobStatus outcome, int jobs = 1)
    {
        if (jobs > 0)
            _jobs.Add(jobs, new KeyValuePair<string, object?>("model", model), new KeyValuePair<string, object?>("outcome", outcome.Name));
    }

    /// <summary>A job could not be read and was put aside.</summary>
    internal void PutAside(string model) => _broken.Add(1, new KeyValuePair<string, object?>("model", model));

    internal void Swept(QueueName queue, SweepResult swept)
    {
        Ended(queue.Model, JobStatus.Failed, swept.Failed);
        Ended(queue.Model, JobStatus.Expired, swept.Expired);
        Interlocked.Add(ref _requeued, swept.Requeued);
        Interlocked.Add(ref _failed, swept.Failed);
        Interlocked.Add(ref _expired, swept.Expired);
        Interlocked.Add(ref _retriesDue, swept.RetriesDue);
    }

    internal void Leased(LeasedJob job)
    {
        if (job.Attempt == 1) _waited.Record(job.Waited.TotalSeconds, new KeyValuePair<string, object?>("model", job.Model));
    }

    /// <summary>A run ended.</summary>
    internal void RunEnded(string model, TimeSpan elapsed, string outcome)
    {
        _runs.Add(1, new KeyValuePair<string, object?>("model", model), new KeyValuePair<string, object?>("outcome", outcome));
        if (!_ran.Enabled) return;

        var tags = new TagList
        {
            { "messaging.system", "redis" },
            { "messaging.operation.name", "process" },
            { "messaging.destination.name", QueueName.ForModel(model).Name },
        };
        if (outcome != "succeeded") tags.Add("error.type", outcome);
        _ran.Record(elapsed.TotalSeconds, tags);
    }

    private IEnumerable<Measurement<long>> Swept() =>
    [
        Due("lease_lost", Interlocked.Read(ref _requeued)), Due("lease_lost_too_often", Interlocked.Read(ref _failed)),
        Due("deadline", Interlocked.Read(ref _expired)), Due("retry", Interlocked.Read(ref _retriesDue)),
    ];

    private static Measurement<long> Due(string what, long jobs) => new(jobs, new KeyValuePair<string, object?>("due", what));
}
