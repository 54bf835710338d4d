using System.Buffers;
using System.Net.Http.Headers;
using AiPlatform.Gateway.Errors;
using Microsoft.AspNetCore.Http.Features;

namespace AiPlatform.Gateway.Http;

/// <summary>Reads the whole body of a JSON request.</summary>
internal static class RequestBody
{
    /// <summary>The encodings that request decompression supports, for messages.</summary>
    public const string Encodings = "gzip, br or deflate";

    private const string Json = "application/json";

    private static ReadOnlySpan<byte> ByteOrderMark => [0xEF, 0xBB, 0xBF];

    /// <summary>
    /// Returns an error unless the headers say that the body is JSON in a supported encoding. A page of another site may send a body
    /// without a content type, but a browser lets it send this type only with permission.
    /// </summary>
    public static InferenceError? CheckType(HttpRequest request)
    {
        // Request decompression has removed this header for the encodings that it supports.
        if (request.Headers.ContentEncoding is { Count: > 0 } encoding && !IsIdentity(encoding.ToString()))
        {
            request.HttpContext.Response.Headers.AcceptEncoding = "gzip, br, deflate";
            return UnknownEncoding(encoding.ToString());
        }

        // The parser has a better message for a missing body.
        var canHaveBody = request.HttpContext.Features.Get<IHttpRequestBodyDetectionFeature>()?.CanHaveBody ?? true;
        if (string.IsNullOrEmpty(request.ContentType) && !canHaveBody) return null;

        var isJson = MediaTypeHeaderValue.TryParse(request.ContentType, out var type)
            && string.Equals(type.MediaType, Json, StringComparison.OrdinalIgnoreCase)
            && (type.CharSet is null || string.Equals(type.CharSet.Trim('"'), "utf-8", StringComparison.OrdinalIgnoreCase));
        return isJson ? null : Refusals.NotJson(request.ContentType);
    }

    /// <summary>
    /// Reads the decompressed bytes, without a byte order mark. The buffer grows as bytes arrive, so a client cannot reserve memory by
    /// announcing a large body.
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
        // The server's chunk reader and the decompressors throw these, too; the client's bytes are the cause.
        catch (Exception malformed) when (
            malformed is (IOException or InvalidDataException or InvalidOperationException) and not BadHttpRequestException)
        {
            cancellationToken.ThrowIfCancellationRequested();
            throw new BadHttpRequestException("The chunks or the compression are malformed.", malformed);
        }
    }

    private static bool IsIdentity(string encoding) => string.Equals(encoding, "identity", StringComparison.OrdinalIgnoreCase);

    private static InferenceError UnknownEncoding(string encoding) => new()
    {
        Kind = InferenceErrorKind.UnsupportedMediaType,
        Message = $"The content encoding '{Refusals.Quoted(encoding)}' is not accepted; send {Encodings}, or none.",
    };
}
