using System.Diagnostics;
using System.Diagnostics.Metrics;
using AiPlatform.Jobs.Tasks;
using AiPlatform.ServiceDefaults.Telemetry;

namespace AiPlatform.Gateway.Telemetry;

/// <summary>Metrics of calls to models; documented in docs/operations.md.</summary>
internal sealed class GatewayMetrics
{
    /// <summary>The model in the metric for calls without a known model, so that callers cannot create series.</summary>
    private const string NoModel = "unknown";

    private readonly Histogram<double> _requests;

    public GatewayMetrics(IMeterFactory meters)
    {
        var meter = meters.Create(TelemetrySources.Name);
        // Name and tags are those of OpenTelemetry's GenAI conventions; the buckets are finer, because embeddings take milliseconds.
        _requests = meter.CreateHistogram<double>(
            "gen_ai.server.request.duration", "s", "Time from a call's arrival to its answer, by operation, model and outcome",
            advice: new InstrumentAdvice<double> { HistogramBucketBoundaries = TelemetrySources.SecondsBuckets });
    }

    /// <summary>Counts a call that ended.</summary>
    /// <param name="endpoint">The route.</param>
    /// <param name="model">The model, if it is served.</param>
    /// <param name="outcome"><c>succeeded</c>, <c>accepted</c>, <c>client_gone</c>, or the code of an error.</param>
    /// <param name="elapsed">Time since it arrived.</param>
    public void Answered(string endpoint, string? model, string outcome, TimeSpan elapsed)
    {
        if (!_requests.Enabled) return;

        var tags = new TagList
        {
            Tag("gen_ai.operation.name", ModelTasks.OperationOf(endpoint)),
            Tag("gen_ai.provider.name", "aiplatform"),
            Tag("gen_ai.request.model", model ?? NoModel),
            Tag("outcome", outcome),
        };
        if (outcome is not ("succeeded" or "accepted")) tags.Add(Tag("error.type", outcome));
        _requests.Record(elapsed.TotalSeconds, tags);
    }

    private static KeyValuePair<string, object?> Tag(string name, string value) => new(name, value);
}
