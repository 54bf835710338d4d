using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using AiPlatform.ServiceDefaults.Telemetry;

namespace AiPlatform.InferenceWorker.Batching;

/// <summary>Metrics of tokenizing, batching and running; each has the tag <c>model</c>.</summary>
internal sealed class BatchMetrics
{
    private readonly Histogram<int> _rows;
    private readonly Histogram<double> _padding;
    private readonly Histogram<double> _tokenizeTime;
    private readonly Histogram<double> _runTime;
    private readonly ConcurrentDictionary<string, RowQueue> _queues = [];

    public BatchMetrics(IMeterFactory meters)
    {
        var meter = meters.Create(TelemetrySources.Name);
        var seconds = new InstrumentAdvice<double> { HistogramBucketBoundaries = TelemetrySources.SecondsBuckets };
        _rows = meter.CreateHistogram(
            "aiplatform.batch.rows", "{row}", "Rows of one run",
            advice: new InstrumentAdvice<int> { HistogramBucketBoundaries = [1, 2, 4, 8, 16, 32, 64, 128, 256] });
        _padding = meter.CreateHistogram(
            "aiplatform.batch.padding_ratio", "1", "Part of a run's tokens that is padding",
            advice: new InstrumentAdvice<double> { HistogramBucketBoundaries = [0, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 0.75] });
        _tokenizeTime = meter.CreateHistogram("aiplatform.tokenize_time", "s", "Time to tokenize one request", advice: seconds);
        _runTime = meter.CreateHistogram("aiplatform.batch.run_time", "s", "Time of one run on the device", advice: seconds);
        meter.CreateObservableGauge(
            "aiplatform.batch.rows_waiting", () => Of(queue => queue.Rows), "{row}", "Rows that wait for the device");
        meter.CreateObservableGauge(
            "aiplatform.batch.threads_idle", () => Of(queue => queue.IdleThreads), "{thread}", "Device threads that wait for rows");
    }

    public void Watch(string model, RowQueue queue) => _queues[model] = queue;

    public void Tokenized(string model, TimeSpan elapsed) => _tokenizeTime.Record(elapsed.TotalSeconds, Tag(model));

    public void Ran(string model, ReadOnlySpan<WaitingRow> rows, TimeSpan elapsed)
    {
        var (tokens, longest) = Measure(rows);
        _rows.Record(rows.Length, Tag(model));
        _padding.Record(PaddingRatio(rows.Length, tokens, longest), Tag(model));
        _runTime.Record(elapsed.TotalSeconds, Tag(model));
    }

    /// <summary>The tokens of all rows, and of the longest row.</summary>
    public static (int Tokens, int Longest) Measure(ReadOnlySpan<WaitingRow> rows)
    {
        int tokens = 0, longest = 0;
        foreach (var row in rows)
        {
            tokens += row.Length;
            longest = Math.Max(longest, row.Length);
        }

        return (tokens, longest);
    }

    /// <summary>Part of a run's tokens that is padding: every row is as long as the longest.</summary>
    public static double PaddingRatio(int rows, int tokens, int longest) => 1 - ((double)tokens / (rows * longest));

    private IEnumerable<Measurement<int>> Of(Func<RowQueue, int> count) =>
        _queues.Select(one => new Measurement<int>(count(one.Value), Tag(one.Key)));

    private static KeyValuePair<string, object?> Tag(string model) => new("model", model);
}
