namespace AiPlatform.Gateway.Providers;

/// <summary>One attempt at a stream: it is opened when its first event is there and right. Until then the caller has seen nothing.</summary>
internal sealed class StreamAttempt(IProviderTransport transport)
{
    /// <exception cref="ProviderUnreachableException">There was no answer.</exception>
    public async ValueTask<AttemptEnd<OpenedStream>> RunAsync(
        ProviderModel model, string endpoint, ReadOnlyMemory<byte> body, bool dropsUsage, bool collects, CancellationToken cancellationToken)
    {
        var response = await transport.SendAsync(model, endpoint, body, cancellationToken);
        OpenedStream? opened = null;
        try
        {
            if (response.Status is < 200 or > 299) return await RefusalReader.ReadAsync(model, response, cancellationToken);
            if (!response.IsEventStream)
                return AttemptFailure.BadContentType(model.Provider, response.ContentType, "text/event-stream");

            var stream = new OpenedStream(model, response, dropsUsage, collects);
            var failure = await stream.OpenAsync(cancellationToken);
            if (failure is not null) return failure;
            return opened = stream;
        }
        finally
        {
            if (opened is null) response.Dispose();
        }
    }
}
