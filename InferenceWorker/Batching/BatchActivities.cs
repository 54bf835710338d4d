using System.Diagnostics;
using AiPlatform.ServiceDefaults.Telemetry;

namespace AiPlatform.InferenceWorker.Batching;

/// <summary>
/// Spans of a model's work. A request has a span in its own trace, with OpenTelemetry's GenAI names. A batch serves many requests, so it
/// has a trace of its own, which is linked to the spans of its requests, and they to it.
/// </summary>
internal static class BatchActivities
{
    private static ActivitySource Source => TelemetrySources.Activities;

    /// <summary>Starts the span of a request's time on the device: it waits for its batches, and then runs in them.</summary>
    public static Activity? StartRequest(string operation, string model, int rows, int tokens)
    {
        if (!Source.HasListeners()) return null;

        var activity = Source.StartActivity($"{operation} {model}");
        if (activity is null) return null;
        activity.SetTag("gen_ai.operation.name", operation);
        activity.SetTag("gen_ai.provider.name", "aiplatform");
        activity.SetTag("gen_ai.request.model", model);
        activity.SetTag("gen_ai.response.model", model);
        activity.SetTag("gen_ai.usage.input_tokens", tokens);
        activity.SetTag("aiplatform.request.rows", rows);
        return activity;
    }

    /// <summary>Starts the span of a batch.</summary>
    public static Activity? StartBatch(string model, ReadOnlySpan<WaitingRow> rows)
    {
        if (!Source.HasListeners()) return null;

        var requests = RequestsOf(rows);
        var links = requests.ConvertAll(request => new ActivityLink(request.Context));
        var activity = Source.StartActivity(ActivityKind.Internal, parentContext: default, links: links, name: $"batch {model}");
        if (activity is null) return null;

        activity.SetTag("messaging.batch.message_count", requests.Count);
        activity.SetTag("gen_ai.request.model", model);
        activity.SetTag("aiplatform.batch.rows", rows.Length);
        foreach (var request in requests) request.AddLink(new ActivityLink(activity.Context));
        return activity;
    }

    /// <summary>Starts the span of one run on the device. A batch has one run, unless it fails and is run in halves.</summary>
    public static Activity? StartRun(string model, ReadOnlySpan<WaitingRow> rows)
    {
        if (!Source.HasListeners() || Source.StartActivity($"run {model}") is not { } activity) return null;

        var (tokens, longest) = BatchMetrics.Measure(rows);
        activity.SetTag("gen_ai.request.model", model);
        activity.SetTag("gen_ai.usage.input_tokens", tokens);
        activity.SetTag("aiplatform.batch.rows", rows.Length);
        activity.SetTag("aiplatform.batch.padding_ratio", BatchMetrics.PaddingRatio(rows.Length, tokens, longest));
        return activity;
    }

    /// <summary>The spans of the requests of these rows, each once.</summary>
    private static List<Activity> RequestsOf(ReadOnlySpan<WaitingRow> rows)
    {
        var seen = new HashSet<Activity>();
        foreach (var row in rows)
            if (row.Request.Span is { } span) seen.Add(span);
        return [.. seen];
    }
}
