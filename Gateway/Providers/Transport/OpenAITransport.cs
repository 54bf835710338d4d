using System.ClientModel;
using System.ClientModel.Primitives;
using System.Globalization;
using System.Net.Http.Headers;
using System.Net.Sockets;
using AiPlatform.Gateway.Providers.Routing;
using AiPlatform.Jobs.Tasks.Embeddings;

namespace AiPlatform.Gateway.Providers.Transport;

/// <summary>
/// Sends requests with the official SDK through its protocol methods: it takes bytes, returns the raw answer, buffers nothing and does not
/// retry.
/// </summary>
internal sealed class OpenAITransport(TimeProvider time) : IProviderTransport
{
    /// <summary>A longer pause means forever, or is a mistake.</summary>
    private static readonly TimeSpan LongestPause = TimeSpan.FromDays(1);

    // Error codes of HTTP/2 (RFC 9113, 7). A server that answers in HTTP/1.1 is a PROTOCOL_ERROR.
    private const long ProtocolError = 0x1;
    private const long Http11Required = 0xd;

    // :: Step P6: send. The SDK sends the bytes, and returns the answer's status and headers.
    public async Task<ProviderResponse> SendAsync(
        ProviderModel model, string endpoint, ReadOnlyMemory<byte> body, CancellationToken cancellationToken)
    {
        var options = new RequestOptions
        {
            CancellationToken = cancellationToken,
            BufferResponse = false,
            ErrorOptions = ClientErrorBehaviors.NoThrow,
        };
        using var content = BinaryContent.Create(BinaryData.FromBytes(body));
        try
        {
            var result = endpoint == EmbeddingTask.Endpoint
                ? await model.Embeddings.GenerateEmbeddingsAsync(content, options)
                : await model.Chat.CompleteChatAsync(content, options);
            return Read(result.GetRawResponse());
        }
        catch (ClientResultException unreachable)
        {
            throw Unreachable(unreachable.InnerException ?? unreachable, unreachable);
        }
        catch (OperationCanceledException tooLate) when (!cancellationToken.IsCancellationRequested)
        {
            // The time limit of the connection has passed; the caller has not canceled.
            throw new ProviderUnreachableException("no connection in time", tooLate);
        }
        catch (Exception unreachable) when (unreachable is HttpRequestException or IOException or SocketException)
        {
            throw Unreachable(unreachable, unreachable);
        }
    }

    private static ProviderUnreachableException Unreachable(Exception failure, Exception thrown) => new(Describe(failure), thrown)
    {
        LostConnection = failure is HttpRequestException { HttpRequestError: var error } && HadNoConnection(error)
            ? null
            : failure.GetBaseException(),
    };

    private static bool HadNoConnection(HttpRequestError error) =>
        error is HttpRequestError.NameResolutionError or HttpRequestError.SecureConnectionError or HttpRequestError.ConnectionError;

    /// <summary>Describes a failure without addresses, which only operators may see, in the log.</summary>
    private static string Describe(Exception failure) => failure switch
    {
        HttpRequestException { HttpRequestError: HttpRequestError.NameResolutionError } => "its name is not known",
        HttpRequestException { HttpRequestError: HttpRequestError.SecureConnectionError } => "TLS failed",
        HttpRequestException { HttpRequestError: HttpRequestError.ConnectionError } => "no connection",
        HttpRequestException { InnerException: HttpProtocolException { ErrorCode: ProtocolError or Http11Required } } =>
            "it does not speak HTTP/2, or breaks its rules",
        _ => "the connection broke",
    };

    private ProviderResponse Read(PipelineResponse response)
    {
        response.Headers.TryGetValue("Content-Type", out var contentType);
        var type = MediaTypeHeaderValue.TryParse(contentType, out var parsed) ? parsed.MediaType : contentType;
        return new ProviderResponse(response.Status, type, RetryAfter(response.Headers), response.ContentStream ?? Stream.Null, response);
    }

    private TimeSpan? RetryAfter(PipelineResponseHeaders headers)
    {
        // The parser accepts "NaN" and "Infinity" as numbers.
        if (headers.TryGetValue("retry-after-ms", out var text)
            && double.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var milliseconds)
            && milliseconds >= 0)
        {
            return TimeSpan.FromMilliseconds(Math.Min(milliseconds, LongestPause.TotalMilliseconds));
        }

        if (!headers.TryGetValue("Retry-After", out text) || !RetryConditionHeaderValue.TryParse(text, out var condition)) return null;
        var pause = condition.Delta ?? condition.Date!.Value - time.GetUtcNow();
        return pause < TimeSpan.Zero ? TimeSpan.Zero : pause > LongestPause ? LongestPause : pause;
    }
}
