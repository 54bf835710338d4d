using System.ClientModel;
using System.ClientModel.Primitives;
using System.Diagnostics;
using AiPlatform.Gateway.Providers.Configuration;
using OpenAI;

namespace AiPlatform.Gateway.Providers.Routing;

/// <summary>Makes the SDK's client of a provider, which sends each request once, and nothing that the provider need not know.</summary>
internal static class ProviderClient
{
    public static OpenAIClient Make(ProviderOptions options)
    {
        var settings = new OpenAIClientOptions
        {
            Endpoint = options.BaseUrl,
            // There is one retry loop, and it is ours; so are the time limits, and the log.
            RetryPolicy = new SingleTryPolicy(),
            NetworkTimeout = Timeout.InfiniteTimeSpan,
            ClientLoggingOptions = new ClientLoggingOptions { EnableLogging = false },
            Transport = new HttpClientPipelineTransport(MakeHttpClient(options)),
        };
        if (!options.ApiKeyHeader.Equals("Authorization", StringComparison.OrdinalIgnoreCase))
            settings.AddPolicy(new ApiKeyHeaderPolicy(options.ApiKeyHeader, options.ApiKey), PipelinePosition.BeforeTransport);
        // A provider that asks for no key is sent one that is none: the SDK must have something to send.
        return new OpenAIClient(new ApiKeyCredential(options.ApiKey.Length > 0 ? options.ApiKey : "none"), settings);
    }

    private static HttpClient MakeHttpClient(ProviderOptions options) => new(
        new SocketsHttpHandler
        {
            // A redirect would carry the key and the prompt to somebody whom nobody configured.
            AllowAutoRedirect = false,
            UseCookies = false,
            // What a caller's tracing carries is not the provider's business. Our own span of the call stays either way.
            ActivityHeadersPropagator = options.SendTraceParent
                ? new TraceParentPropagator()
                : DistributedContextPropagator.CreateNoOutputPropagator(),
            ConnectTimeout = options.ConnectTimeout,
            // New addresses behind a name are found, and a connection that a peer forgot is not kept.
            PooledConnectionLifetime = TimeSpan.FromMinutes(5),
            PooledConnectionIdleTimeout = TimeSpan.FromMinutes(1),
        })
    {
        Timeout = Timeout.InfiniteTimeSpan,
    };
}

/// <summary>Sends the key in a header of its own, instead of as a bearer token.</summary>
internal sealed class ApiKeyHeaderPolicy(string header, string key) : PipelinePolicy
{
    public override void Process(PipelineMessage message, IReadOnlyList<PipelinePolicy> pipeline, int currentIndex)
    {
        Write(message);
        ProcessNext(message, pipeline, currentIndex);
    }

    public override ValueTask ProcessAsync(PipelineMessage message, IReadOnlyList<PipelinePolicy> pipeline, int currentIndex)
    {
        Write(message);
        return ProcessNextAsync(message, pipeline, currentIndex);
    }

    private void Write(PipelineMessage message)
    {
        message.Request.Headers.Remove("Authorization");
        message.Request.Headers.Set(header, key);
    }
}

/// <summary>
/// Stands where the SDK would retry, and does not. Nor does it let the SDK judge a status: that is ours, and it throws at some.
/// </summary>
internal sealed class SingleTryPolicy : PipelinePolicy
{
    public override void Process(PipelineMessage message, IReadOnlyList<PipelinePolicy> pipeline, int currentIndex)
    {
        message.ResponseClassifier = EveryStatus.Instance;
        ProcessNext(message, pipeline, currentIndex);
    }

    public override ValueTask ProcessAsync(PipelineMessage message, IReadOnlyList<PipelinePolicy> pipeline, int currentIndex)
    {
        message.ResponseClassifier = EveryStatus.Instance;
        return ProcessNextAsync(message, pipeline, currentIndex);
    }

    /// <summary>The SDK's own keeps a table of statuses that ends at 639.</summary>
    private sealed class EveryStatus : PipelineMessageClassifier
    {
        public static readonly EveryStatus Instance = new();

        public override bool TryClassify(PipelineMessage message, out bool isError)
        {
            isError = false;
            return true;
        }

        public override bool TryClassify(PipelineMessage message, Exception? exception, out bool isRetriable)
        {
            isRetriable = false;
            return true;
        }
    }
}

/// <summary>Tells a provider the id of the trace, and nothing else that a caller's tracing carries.</summary>
internal sealed class TraceParentPropagator : DistributedContextPropagator
{
    private const string Header = "traceparent";

    public override IReadOnlyCollection<string> Fields { get; } = [Header];

    public override void Inject(Activity? activity, object? carrier, PropagatorSetterCallback? setter)
    {
        if (activity is { IdFormat: ActivityIdFormat.W3C, Id: { } id }) setter?.Invoke(carrier, Header, id);
    }

    public override void ExtractTraceIdAndState(
        object? carrier, PropagatorGetterCallback? getter, out string? traceId, out string? traceState) =>
        (traceId, traceState) = (null, null);

    public override IEnumerable<KeyValuePair<string, string?>>? ExtractBaggage(object? carrier, PropagatorGetterCallback? getter) => null;
}
