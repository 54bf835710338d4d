using System.Buffers;
using System.Net.Http.Headers;
using AiPlatform.Gateway.Errors;
using Microsoft.AspNetCore.Http.Features;

namespace AiPlatform.Gateway.Http;

/// <summary>Reads a JSON request's body whole.</summary>
internal static class RequestBody
{
    /// <summary>The encodings that the decompression in front of the routes knows, for people.</summary>
    public const string Encodings = "gzip, br or deflate";

    private const string Json = "application/json";

    private static ReadOnlySpan<byte> ByteOrderMark => [0xEF, 0xBB, 0xBF];

    /// <summary>
    /// An error when the headers do not say that the body is JSON which can be read. A page of another site may send a body without a type
    /// without asking a browser for leave, but not one of this type.
    /// </summary>
    public static InferenceError? CheckType(HttpRequest request)
    {
        // What was compressed in a known way has lost this header on its way here.
        if (request.Headers.ContentEncoding is { Count: > 0 } encoding && !IsIdentity(encoding.ToString()))
        {
            request.HttpContext.Response.Headers.AcceptEncoding = "gzip, br, deflate";
            return UnknownEncoding(encoding.ToString());
        }

        // That there is no body says the parser better than this could.
        var canHaveBody = request.HttpContext.Features.Get<IHttpRequestBodyDetectionFeature>()?.CanHaveBody ?? true;
        if (string.IsNullOrEmpty(request.ContentType) && !canHaveBody) return null;

        var isJson = MediaTypeHeaderValue.TryParse(request.ContentType, out var type)
            && string.Equals(type.MediaType, Json, StringComparison.OrdinalIgnoreCase)
            && (type.CharSet is null || string.Equals(type.CharSet.Trim('"'), "utf-8", StringComparison.OrdinalIgnoreCase));
        return isJson ? null : Refusals.NotJson(request.ContentType);
    }

    /// <summary>
    /// The bytes as sent, decompressed, without a byte order mark. They grow as they arrive, so that a client cannot take memory by
    /// announcing much.
    /// </summary>
    /// <exception cref="BadHttpRequestException">
    /// 413 over the limit; 408 when the body comes too slowly; 400 when it ends early, or its chunks or its compression are malformed.
    /// </exception>
    public static async ValueTask<ReadOnlyMemory<byte>> ReadAsync(HttpRequest request, CancellationToken cancellationToken)
    {
        try
        {
            while (true)
            {
                var read = await request.BodyReader.ReadAsync(cancellationToken);
                if (read.IsCompleted)
                {
                    var body = read.Buffer.ToArray();
                    request.BodyReader.AdvanceTo(read.Buffer.End);
                    return body.AsMemory(body.AsSpan().StartsWith(ByteOrderMark) ? ByteOrderMark.Length : 0);
                }

                request.BodyReader.AdvanceTo(read.Buffer.Start, read.Buffer.End);
            }
        }
        // What the server's reader of chunks and the decompressors throw besides; whatever else it is, the client sent it.
        catch (Exception malformed) when (
            malformed is (IOException or InvalidDataException or InvalidOperationException) and not BadHttpRequestException)
        {
            cancellationToken.ThrowIfCancellationRequested();
            throw new BadHttpRequestException("The body cannot be read: its chunks or its compression are malformed.", malformed);
        }
    }

    private static bool IsIdentity(string encoding) => string.Equals(encoding, "identity", StringComparison.OrdinalIgnoreCase);

    private static InferenceError UnknownEncoding(string encoding) => new()
    {
        Kind = InferenceErrorKind.UnsupportedMediaType,
        Message = $"The content encoding '{Refusals.Quoted(encoding)}' is not taken here; send {Encodings}, one of them, or none.",
    };
}
