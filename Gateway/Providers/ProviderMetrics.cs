using System.Diagnostics.Metrics;
using AiPlatform.ServiceDefaults.Telemetry;

namespace AiPlatform.Gateway.Providers;

/// <summary>What calls to providers cost and how they end; documented in docs/operations.md.</summary>
internal sealed class ProviderMetrics
{
    private readonly Histogram<double> _attempts;
    private readonly Counter<long> _corrections;
    private readonly Counter<long> _recalls;
    private readonly Counter<long> _tokens;

    public ProviderMetrics(IMeterFactory meters, ProviderCatalog catalog)
    {
        var meter = meters.Create(TelemetrySources.Name);
        _attempts = meter.CreateHistogram<double>(
            "aiplatform.provider.attempt_time", "s", "Time of one attempt, to the whole answer or to the first event of a stream, by provider, model and outcome",
            advice: new InstrumentAdvice<double> { HistogramBucketBoundaries = TelemetrySources.SecondsBuckets });
        _corrections = meter.CreateCounter<long>(
            "aiplatform.provider.corrections", "{answer}", "Answers that did not fit their schema and were sent back to the model, by provider and model");
        _recalls = meter.CreateCounter<long>("aiplatform.provider.cache", "{call}", "Calls that asked the answer cache, by model and whether it had the answer");
        _tokens = meter.CreateCounter<long>("aiplatform.tokens", "{token}", "Tokens of provider models, by model and direction");
        meter.CreateObservableGauge(
            "aiplatform.provider.calls", () => catalog.Routes.Providers.Select(one => new Measurement<int>(one.UnderWay, Tag("provider", one.Name))),
            "{call}", "Calls under way, by provider");
        meter.CreateObservableGauge(
            "aiplatform.provider.breaker_open", () => catalog.Routes.Providers.Select(one => new Measurement<int>(one.IsLeftAlone ? 1 : 0, Tag("provider", one.Name))),
            "{breaker}", "1 while the provider is left alone because it failed too often, by provider");
    }

    /// <summary>An attempt ended.</summary>
    /// <param name="model">Who was asked.</param>
    /// <param name="outcome"><c>succeeded</c>, or why it failed.</param>
    /// <param name="elapsed">Time it took.</param>
    public void Attempted(ProviderModel model, string outcome, TimeSpan elapsed) => _attempts.Record(
        elapsed.TotalSeconds, Tag("provider", model.Provider.Name), Tag("model", model.Name), Tag("outcome", outcome));

    public void Corrected(ProviderModel model) => _corrections.Add(1, Tag("provider", model.Provider.Name), Tag("model", model.Name));

    public void Recalled(ProviderModel model, bool wasThere) => _recalls.Add(1, Tag("model", model.Name), Tag("hit", wasThere ? "true" : "false"));

    public void Used(ProviderModel model, TokenUsage usage)
    {
        _tokens.Add(usage.Input, Tag("model", model.Name), Tag("direction", "input"));
        _tokens.Add(usage.Output, Tag("model", model.Name), Tag("direction", "output"));
    }

    private static KeyValuePair<string, object?> Tag(string name, string value) => new(name, value);
}
