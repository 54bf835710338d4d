using System.ClientModel;
using System.ClientModel.Primitives;
using System.Diagnostics;
using System.Net;
using AiPlatform.Gateway.Providers.Configuration;
using OpenAI;

namespace AiPlatform.Gateway.Providers.Routing;

/// <summary>Makes the SDK's client of a provider. It sends each request once, without data that the provider does not need.</summary>
internal static class ProviderClient
{
    /// <summary>A connection of HTTP/2 with calls under way on which nothing came for so long is asked whether it lives.</summary>
    private static readonly TimeSpan PingDelay = TimeSpan.FromSeconds(10);

    /// <summary>If it does not answer in this time, its calls fail, and are tried again on another one.</summary>
    private static readonly TimeSpan PingTimeout = TimeSpan.FromSeconds(10);

    public static OpenAIClient Make(ProviderOptions options)
    {
        var settings = new OpenAIClientOptions
        {
            Endpoint = options.BaseUrl,
            // The only retry loop, the time limits and the logs are our own.
            RetryPolicy = new SingleTryPolicy(),
            NetworkTimeout = Timeout.InfiniteTimeSpan,
            ClientLoggingOptions = new ClientLoggingOptions { EnableLogging = false },
            Transport = new VersionedTransport(MakeHttpClient(options), options.HttpVersion),
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
            // A connection of HTTP/2 takes as many calls as the provider says, often 100. Further calls open another one.
            EnableMultipleHttp2Connections = true,
            // A call that ends at its time limit does not close a connection that others share. If the network lost it, a ping tells.
            KeepAlivePingDelay = PingDelay,
            KeepAlivePingTimeout = PingTimeout,
            KeepAlivePingPolicy = HttpKeepAlivePingPolicy.WithActiveRequests,
        })
    {
        Timeout = Timeout.InfiniteTimeSpan,
    };
}

/// <summary>Sends each request with the version of HTTP that the settings say.</summary>
internal sealed class VersionedTransport(HttpClient http, string version) : HttpClientPipelineTransport(http)
{
    /// <summary>Over https the version is agreed on with the provider, and HTTP/1.1 is taken if it offers no other.</summary>
    private readonly (Version Version, HttpVersionPolicy Policy) _choice = version switch
    {
        "1.1" => (HttpVersion.Version11, HttpVersionPolicy.RequestVersionExact),
        "2" => (HttpVersion.Version20, HttpVersionPolicy.RequestVersionExact),
        _ => (HttpVersion.Version20, HttpVersionPolicy.RequestVersionOrLower),
    };

    protected override void OnSendingRequest(PipelineMessage message, HttpRequestMessage httpRequest) =>
        (httpRequest.Version, httpRequest.VersionPolicy) = _choice;
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
