namespace AiPlatform.Gateway.Providers.Transport;

/// <summary>The head of a provider's answer, and its body still to be read. Disposing ends the call.</summary>
internal sealed class ProviderResponse(int status, string? contentType, TimeSpan? retryAfter, Stream content, IDisposable? owner = null)
    : IDisposable
{
    public int Status { get; } = status;

    /// <summary>The media type alone; null when it was not given.</summary>
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
