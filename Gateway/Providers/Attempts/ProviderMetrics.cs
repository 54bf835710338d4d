using System.Diagnostics;
using System.Diagnostics.Metrics;
using AiPlatform.Gateway.Providers.Routing;
using AiPlatform.Jobs.Tasks;
using AiPlatform.ServiceDefaults.Telemetry;

namespace AiPlatform.Gateway.Providers.Attempts;

/// <summary>Metrics of calls to providers; documented in docs/operations.md.</summary>
internal sealed class ProviderMetrics
{
    private readonly Histogram<double> _attempts;
    private readonly Counter<long> _corrections;
    private readonly Counter<long> _recalls;
    private readonly Histogram<double> _calls;
    private readonly Histogram<long> _tokens;

    public ProviderMetrics(IMeterFactory meters, ProviderCatalog catalog)
    {
        var meter = meters.Create(TelemetrySources.Name);
        _attempts = meter.CreateHistogram<double>(
            "aiplatform.provider.attempt_time", "s",
            "Time of one attempt, to the whole answer or to the first event of a stream, by provider, model and outcome",
            advice: new InstrumentAdvice<double> { HistogramBucketBoundaries = TelemetrySources.SecondsBuckets });
        _corrections = meter.CreateCounter<long>(
            "aiplatform.provider.corrections", "{answer}",
            "Answers that did not fit their schema and were sent back to the model, by provider and model");
        _recalls = meter.CreateCounter<long>(
            "aiplatform.provider.cache", "{call}", "Look-ups of the answer cache, by model and result");
        // Names, tags and buckets are those of OpenTelemetry's GenAI conventions.
        _calls = meter.CreateHistogram<double>(
            "gen_ai.client.operation.duration", "s",
            "Time of a call to providers, retries and fallbacks included, to the end of the answer",
            advice: new InstrumentAdvice<double>
            {
                HistogramBucketBoundaries = [0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92],
            });
        _tokens = meter.CreateHistogram(
            "gen_ai.client.token.usage", "{token}", "Tokens that calls to providers read and wrote",
            advice: new InstrumentAdvice<long>
            {
                HistogramBucketBoundaries = [1, 4, 16, 64, 256, 1024, 4096, 16384, 65536, 262144, 1048576, 4194304, 16777216, 67108864],
            });
        meter.CreateObservableGauge(
            "aiplatform.provider.calls",
            () => catalog.Routes.Providers.Select(one => new Measurement<int>(one.UnderWay, Tag("provider", one.Name))),
            "{call}", "Calls in flight, by provider");
        meter.CreateObservableGauge(
            "aiplatform.provider.breaker_open",
            () => catalog.Routes.Providers.Select(one => new Measurement<int>(one.IsLeftAlone ? 1 : 0, Tag("provider", one.Name))),
            "1", "1 while the circuit breaker is open because the provider failed too often, by provider");
    }

    /// <summary>Counts an attempt that ended.</summary>
    /// <param name="model">The model that was called.</param>
    /// <param name="outcome"><c>succeeded</c>, or why it failed.</param>
    /// <param name="elapsed">Time it took.</param>
    public void Attempted(ProviderModel model, string outcome, TimeSpan elapsed) => _attempts.Record(
        elapsed.TotalSeconds, Tag("provider", model.Provider.Name), Tag("model", model.Name), Tag("outcome", outcome));

    public void Corrected(ProviderModel model) => _corrections.Add(1, Tag("provider", model.Provider.Name), Tag("model", model.Name));

    public void Recalled(ProviderModel model, bool wasThere) =>
        _recalls.Add(1, Tag("model", model.Name), Tag("hit", wasThere ? "true" : "false"));

    /// <summary>Counts a call that ended.</summary>
    /// <param name="call">The call.</param>
    /// <param name="answered">The model that answered; null when none did.</param>
    /// <param name="usage">Tokens, as far as they are known.</param>
    /// <param name="error">The code of the error that the caller got; null when it got an answer.</param>
    public void Ended(ProviderCall call, ProviderModel? answered, TokenUsage usage, string? error)
    {
        if (!_calls.Enabled && !_tokens.Enabled) return;

        var tags = new TagList
        {
            Tag("gen_ai.operation.name", ModelTasks.OperationOf(call.Request.Endpoint)),
            Tag("gen_ai.provider.name", (answered ?? call.Model).Provider.Name),
            Tag("gen_ai.request.model", call.Model.Name),
        };
        if (answered is not null) tags.Add("gen_ai.response.model", answered.UpstreamName);
        if (usage.Input > 0) _tokens.Record(usage.Input, [.. tags, Tag("gen_ai.token.type", "input")]);
        if (usage.Output > 0) _tokens.Record(usage.Output, [.. tags, Tag("gen_ai.token.type", "output")]);
        if (error is not null) tags.Add("error.type", error);
        _calls.Record(call.Deadline.Elapsed.TotalSeconds, tags);
    }

    private static KeyValuePair<string, object?> Tag(string name, string value) => new(name, value);
}
