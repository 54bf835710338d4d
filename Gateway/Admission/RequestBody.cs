using System.Buffers;
using System.Net.Http.Headers;
using AiPlatform.Jobs;

namespace AiPlatform.Gateway.Admission;

/// <summary>Reads a JSON request's body whole.</summary>
internal static class RequestBody
{
    private const string Json = "application/json";

    /// <summary>An error when the content type says that the body is not JSON. None at all is taken for JSON.</summary>
    public static InferenceError? CheckType(HttpRequest request)
    {
        if (string.IsNullOrEmpty(request.ContentType)) return null;

        var isJson = MediaTypeHeaderValue.TryParse(request.ContentType, out var type)
            && string.Equals(type.MediaType, Json, StringComparison.OrdinalIgnoreCase)
            && (type.CharSet is null || string.Equals(type.CharSet.Trim('"'), "utf-8", StringComparison.OrdinalIgnoreCase));
        return isJson ? null : Refusals.NotJson(request.ContentType);
    }

    /// <summary>The bytes as sent. They grow as they arrive, so that a client cannot take memory by announcing much.</summary>
    /// <exception cref="BadHttpRequestException">413 over the limit; 400 or 408 when the body ends early or comes too slowly.</exception>
    public static async ValueTask<byte[]> ReadAsync(HttpRequest request, CancellationToken cancellationToken)
    {
        while (true)
        {
            var read = await request.BodyReader.ReadAsync(cancellationToken);
            if (read.IsCompleted)
            {
                var body = read.Buffer.ToArray();
                request.BodyReader.AdvanceTo(read.Buffer.End);
                return body;
            }

            request.BodyReader.AdvanceTo(read.Buffer.Start, read.Buffer.End);
        }
    }
}
