using System.ClientModel;
using System.ClientModel.Primitives;
using System.Diagnostics;
using AiPlatform.Gateway.Providers.Configuration;
using OpenAI;

namespace AiPlatform.Gateway.Providers.Clients;

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
