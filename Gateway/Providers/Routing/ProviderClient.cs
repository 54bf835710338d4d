using System.ClientModel;
using System.ClientModel.Primitives;
using System.Diagnostics;
using AiPlatform.Gateway.Providers.Configuration;
using OpenAI;

namespace AiPlatform.Gateway.Providers.Routing;

/// <summary>Makes the SDK's client of a provider. It sends each request once, without data that the provider does not need.</summary>
internal static class ProviderClient
{
    public static OpenAIClient Make(ProviderOptions options)
    {
        var settings = new OpenAIClientOptions
        {
            Endpoint = options.BaseUrl,
            // The only retry loop, the time limits and the logs are our own.
            RetryPolicy = new SingleTryPolicy(),
            NetworkTimeout = Timeout.InfiniteTimeSpan,
            ClientLoggingOptions = new ClientLoggingOptions { EnableLogging = false },
            Transport = new HttpClientPipelineTransport(MakeHttpClient(options)),
        };
        if (!options.ApiKeyHeader.Equals("Authorization", StringComparison.OrdinalIgnoreCase))
            settings.AddPolicy(new ApiKeyHeaderPolicy(options.ApiKeyHeader, options.ApiKey), PipelinePosition.BeforeTransport);
        // The SDK needs a key, so a provider that needs none gets a placeholder.
        return new OpenAIClient(new ApiKeyCredential(options.ApiKey.Length > 0 ? options.ApiKey : "none"), settings);
    }

    private static HttpClient MakeHttpClient(ProviderOptions options) => new(
        new SocketsHttpHandler
        {
            // A redirect would send the key and the prompt to a server that is not configured.
            AllowAutoRedirect = false,
            UseCookies = false,
            // The provider does not get the caller's tracing headers. Our own span of the call exists in both cases.
            ActivityHeadersPropagator = options.SendTraceParent
                ? new TraceParentPropagator()
                : DistributedContextPropagator.CreateNoOutputPropagator(),
            ConnectTimeout = options.ConnectTimeout,
            // Connections are renewed, so that new addresses of a host name are found and dead connections are dropped.
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
/// Replaces the SDK's retries with a single attempt. It also keeps the SDK from judging the status, which is done in our code; the SDK
/// throws for some statuses.
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

    /// <summary>Accepts every status. The SDK's own classifier has a table of statuses that ends at 639.</summary>
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

/// <summary>Sends a provider the id of the trace, and no other tracing header of the caller.</summary>
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
