using AiPlatform.Gateway.Providers.Routing;

namespace AiPlatform.Gateway.Providers.Transport;

/// <summary>Carries one request to a provider.</summary>
internal interface IProviderTransport
{
    /// <summary>Returns when the answer's head is there, whatever its status; the body has not been read.</summary>
    /// <param name="model">Who is asked.</param>
    /// <param name="endpoint">The route in our own form, such as <c>/v1/embeddings</c>.</param>
    /// <param name="body">JSON.</param>
    /// <param name="cancellationToken">Ends the call, and with it the connection.</param>
    /// <exception cref="ProviderUnreachableException">There was no answer.</exception>
    Task<ProviderResponse> SendAsync(ProviderModel model, string endpoint, ReadOnlyMemory<byte> body, CancellationToken cancellationToken);
}

/// <summary>A provider gave no answer: no connection, no TLS, or the connection broke. The message is fit for callers.</summary>
internal sealed class ProviderUnreachableException(string message, Exception inner) : Exception(message, inner);
