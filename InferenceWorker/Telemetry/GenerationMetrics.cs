using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using AiPlatform.ServiceDefaults.Telemetry;

namespace AiPlatform.InferenceWorker.Telemetry;

/// <summary>Metrics of language models, by model; documented in docs/operations.md.</summary>
internal sealed class GenerationMetrics
{
    private static readonly KeyValuePair<string, object?> Provider = new("gen_ai.provider.name", "aiplatform");

    private readonly Histogram<double> _firstTokenTime;
    private readonly Histogram<double> _tokenTime;
    private readonly ConcurrentDictionary<string, GenerationCounters> _engines = [];

    public GenerationMetrics(IMeterFactory meters)
    {
        var meter = meters.Create(TelemetrySources.Name);
        // Names, tags and buckets are those of OpenTelemetry's GenAI conventions.
        _firstTokenTime = meter.CreateHistogram(
            "gen_ai.server.time_to_first_token", "s", "Time from a chat's lease to its first token",
            advice: new InstrumentAdvice<double>
            {
                HistogramBucketBoundaries = [0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10],
            });
        _tokenTime = meter.CreateHistogram(
            "gen_ai.server.time_per_output_token", "s", "Time between two tokens of a text",
            advice: new InstrumentAdvice<double>
            {
                HistogramBucketBoundaries = [0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.75, 1, 2.5],
            });
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

    public void FirstToken(string model, TimeSpan elapsed) => _firstTokenTime.Record(elapsed.TotalSeconds, Of(model), Provider);

    public void NextToken(string model, TimeSpan elapsed) => _tokenTime.Record(elapsed.TotalSeconds, Of(model), Provider);

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

    private static KeyValuePair<string, object?> Of(string model) => new("gen_ai.request.model", model);
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
