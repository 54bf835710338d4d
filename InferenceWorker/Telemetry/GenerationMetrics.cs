using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using AiPlatform.ServiceDefaults.Telemetry;

namespace AiPlatform.InferenceWorker.Telemetry;

/// <summary>Metrics of language models; each has the tag <c>model</c>.</summary>
internal sealed class GenerationMetrics
{
    private readonly Histogram<double> _firstTokenTime;
    private readonly Histogram<double> _tokenTime;
    private readonly ConcurrentDictionary<string, GenerationCounters> _engines = [];

    public GenerationMetrics(IMeterFactory meters)
    {
        var meter = meters.Create(TelemetrySources.Name);
        var seconds = new InstrumentAdvice<double> { HistogramBucketBoundaries = TelemetrySources.SecondsBuckets };
        _firstTokenTime = meter.CreateHistogram(
            "aiplatform.generation.first_token_time", "s", "Time from a chat's lease to its first token", advice: seconds);
        _tokenTime = meter.CreateHistogram(
            "aiplatform.generation.token_time", "s", "Time between two tokens of a text", advice: seconds);
        meter.CreateObservableCounter("aiplatform.generation.tokens", Tokens, "{token}", "Tokens that were computed, or cached");
        meter.CreateObservableGauge("aiplatform.generation.rows", Rows, "{row}", "Texts that are generated, wait, or are kept");
        meter.CreateObservableGauge(
            "aiplatform.generation.memory", () => Of(engine => engine.KeyValueBytes), "By", "Memory of keys and values");
        meter.CreateObservableCounter(
            "aiplatform.generation.preemptions", () => Of(engine => engine.Preemptions), "{row}",
            "Rows that began again for lack of memory");
        meter.CreateObservableCounter(
            "aiplatform.generation.dead_ends", () => Of(engine => engine.DeadEnds), "{row}",
            "Rows whose grammar left no token that could come next");
    }

    public void Watch(string model, GenerationCounters engine) => _engines[model] = engine;

    public void FirstToken(string model, TimeSpan elapsed) => _firstTokenTime.Record(elapsed.TotalSeconds, Tag(model));

    public void NextToken(string model, TimeSpan elapsed) => _tokenTime.Record(elapsed.TotalSeconds, Tag(model));

    private IEnumerable<Measurement<long>> Tokens() => _engines.SelectMany(one => (Measurement<long>[])
    [
        new(one.Value.GeneratedTokens, Tag(one.Key), new("kind", "generated")),
        new(one.Value.ForcedTokens, Tag(one.Key), new("kind", "forced")),
        new(one.Value.PrefilledTokens, Tag(one.Key), new("kind", "prompt")),
        new(one.Value.CachedTokens, Tag(one.Key), new("kind", "cached")),
    ]);

    private IEnumerable<Measurement<int>> Rows() => _engines.SelectMany(one => (Measurement<int>[])
    [
        new(one.Value.ActiveRows, Tag(one.Key), new("state", "active")),
        new(one.Value.WaitingRows, Tag(one.Key), new("state", "waiting")),
        new(one.Value.CachedRows, Tag(one.Key), new("state", "kept")),
    ]);

    private IEnumerable<Measurement<long>> Of(Func<GenerationCounters, long> count) =>
        _engines.Select(one => new Measurement<long>(count(one.Value), Tag(one.Key)));

    private static KeyValuePair<string, object?> Tag(string model) => new("model", model);
}

/// <summary>Measures how fast the tokens of one text come. For one thread at a time.</summary>
/// <param name="metrics">The metrics; null records nothing.</param>
/// <param name="model">The model.</param>
/// <param name="time">The clock.</param>
/// <param name="start">When the text was leased.</param>
internal struct TokenTimes(GenerationMetrics? metrics, string model, TimeProvider time, long start)
{
    private long _last;

    /// <summary>A token has come.</summary>
    public void Came()
    {
        if (metrics is null) return;
        var now = time.GetTimestamp();
        if (_last == 0) metrics.FirstToken(model, time.GetElapsedTime(start, now));
        else metrics.NextToken(model, time.GetElapsedTime(_last, now));
        _last = now;
    }
}
