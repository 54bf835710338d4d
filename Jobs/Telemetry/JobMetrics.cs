using System.Diagnostics.Metrics;
using AiPlatform.ServiceDefaults.Telemetry;

namespace AiPlatform.Jobs.Telemetry;

/// <summary>Metrics of the queue as this process sees it; documented in docs/operations.md.</summary>
public sealed class JobMetrics
{
    private readonly Counter<long> _ended;
    private readonly Histogram<double> _waited;

    public JobMetrics(IMeterFactory meters)
    {
        var meter = meters.Create(TelemetrySources.Name);
        _ended = meter.CreateCounter<long>(
            "aiplatform.jobs.runs", "{run}", "Runs of jobs that ended, by model and outcome");
        _waited = meter.CreateHistogram<double>(
            "aiplatform.jobs.queue_time", "s", "Time from submit to lease, first attempts only",
            advice: new InstrumentAdvice<double> { HistogramBucketBoundaries = TelemetrySources.SecondsBuckets });
    }

    internal void Leased(LeasedJob job)
    {
        if (job.Attempt == 1) _waited.Record(job.Waited.TotalSeconds, new KeyValuePair<string, object?>("model", job.Model));
    }

    internal void Ended(LeasedJob job, string outcome) =>
        _ended.Add(1, new KeyValuePair<string, object?>("model", job.Model), new KeyValuePair<string, object?>("outcome", outcome));
}
