using AiPlatform.Gateway.Providers.Attempts;
using AiPlatform.Gateway.Providers.Routing;
using AiPlatform.Gateway.Providers.Transport;

namespace AiPlatform.Gateway.Providers.Streams;

/// <summary>
/// One attempt at a stream. The stream counts as opened when its first event is there and valid. Until then the caller has seen nothing.
/// </summary>
internal sealed class StreamAttempt(IProviderTransport transport)
{
    /// <exception cref="ProviderUnreachableException">There was no answer.</exception>
    public async ValueTask<AttemptEnd<OpenedStream>> RunAsync(
        ProviderModel model, string endpoint, ReadOnlyMemory<byte> body, bool dropsUsage, bool collects, AttemptLimit limit)
    {
        // To be disposed unless the stream opens: first the answer, then the stream, which owns the answer.
        IDisposable? unopened = null;
        try
        {
            var response = await transport.SendAsync(model, endpoint, body, limit.Token);
            unopened = response;
            limit.Progress = AttemptProgress.Answering;
            if (response.Status is < 200 or > 299) return await RefusalReader.ReadAsync(model, response, limit.Token);
            if (!response.IsEventStream) return AttemptFailure.BadContentType(model.Provider, response.ContentType, "text/event-stream");

            var stream = new OpenedStream(model, response, dropsUsage, collects);
            unopened = stream;
            limit.Progress = AttemptProgress.Streaming;
            limit.Restart();
            if (await stream.OpenAsync(limit) is { } failure) return failure;

            unopened = null;
            return stream;
        }
        finally
        {
            unopened?.Dispose();
        }
    }
}
