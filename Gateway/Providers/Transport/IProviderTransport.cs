using AiPlatform.Gateway.Providers.Routing;

namespace AiPlatform.Gateway.Providers.Transport;

/// <summary>Carries one request to a provider.</summary>
internal interface IProviderTransport
{
    /// <summary>Sends a request. Returns when the answer's headers have arrived, whatever the status; the body has not been read.</summary>
    /// <param name="model">The model to call.</param>
    /// <param name="endpoint">The route in our own form, such as <c>/v1/embeddings</c>.</param>
    /// <param name="body">The body, which is JSON.</param>
    /// <param name="cancellationToken">Ends the call and closes its connection.</param>
    /// <exception cref="ProviderUnreachableException">There was no answer.</exception>
    Task<ProviderResponse> SendAsync(ProviderModel model, string endpoint, ReadOnlyMemory<byte> body, CancellationToken cancellationToken);
}

/// <summary>A provider gave no answer: no connection, no TLS, or the connection broke. The message is fit for callers.</summary>
internal sealed class ProviderUnreachableException(string message, Exception inner) : Exception(message, inner)
{
    /// <summary>What broke a connection that had been made; null when there was none.</summary>
    public Exception? LostConnection { get; init; }
}

/// <summary>The status and headers of a provider's answer, with a body that has not been read yet. Disposing ends the call.</summary>
internal sealed class ProviderResponse(int status, string? contentType, TimeSpan? retryAfter, Stream content, IDisposable? owner = null)
    : IDisposable
{
    public int Status { get; } = status;

    /// <summary>The media type without parameters; null when the header is missing.</summary>
    public string? ContentType { get; } = contentType;

    /// <summary>How long the provider asks callers to wait.</summary>
    public TimeSpan? RetryAfter { get; } = retryAfter;

    public Stream Content { get; } = content;

    public bool IsJson => ContentType is not null
        && (ContentType.Equals("application/json", StringComparison.OrdinalIgnoreCase)
            || ContentType.EndsWith("+json", StringComparison.OrdinalIgnoreCase));

    public bool IsEventStream => "text/event-stream".Equals(ContentType, StringComparison.OrdinalIgnoreCase);

    public void Dispose()
    {
        Content.Dispose();
        owner?.Dispose();
    }
}
