using System.Text.Json;

namespace AiPlatform.Client.Http;

/// <summary>Reads the errors of the Gateway: problems of RFC 9457, and OpenAI's error objects.</summary>
internal static class GatewayErrors
{
    /// <summary>Longest body that is read, in characters. What is longer is not from the Gateway.</summary>
    private const int MaxBody = 65_536;

    /// <summary>The code of calls that nobody has answered to the end.</summary>
    public const string NobodyAnswers = "unavailable";

    /// <summary>The code of calls that have taken longer than they may. It is the Gateway's, too.</summary>
    public const string DeadlineExceeded = "deadline_exceeded";

    public static AiPlatformException Unavailable(string message, Exception? lost = null) =>
        new(message, lost) { Code = NobodyAnswers, IsRetryable = true };

    /// <param name="response">The answer.</param>
    /// <param name="why">What is wrong with it.</param>
    /// <param name="inner">How that was noticed; null when it was seen at once.</param>
    public static AiPlatformException NotAGateway(HttpResponseMessage response, string why, Exception? inner = null) =>
        new($"What answered at {response.RequestMessage?.RequestUri} is not a Gateway: {why}.", inner) { Status = response.StatusCode };

    /// <summary>The error that an event of a stream is; null if it is none.</summary>
    public static AiPlatformException? OfEvent(ReadOnlySpan<byte> data)
    {
        try
        {
            var reader = new Utf8JsonReader(data);
            using var document = JsonDocument.ParseValue(ref reader);
            if (!document.RootElement.TryGetProperty("error", out var error) || error.ValueKind != JsonValueKind.Object) return null;
            return new AiPlatformException(TextOf(error, "message") ?? NoMessage)
            {
                Code = TextOf(error, "code"),
                Param = TextOf(error, "param"),
                IsRetryable = TextOf(error, "type") == "server_error",
            };
        }
        catch (JsonException)
        {
            return new AiPlatformException(NoMessage);
        }
    }

    private const string NoMessage = "The stream ended with an error, which cannot be read.";

    public static async Task ThrowIfFailedAsync(HttpResponseMessage response, TimeProvider time, CancellationToken cancellationToken)
    {
        if (response.IsSuccessStatusCode) return;
        var body = await response.Content.ReadAsStringAsync(cancellationToken).ConfigureAwait(false);
        throw Of(response, body.Length <= MaxBody ? body : "", time);
    }

    private static AiPlatformException Of(HttpResponseMessage response, string body, TimeProvider time)
    {
        var (message, code, param, isRetryable, jobId) = Read(body);
        return new AiPlatformException(message ?? $"The Gateway answered {(int)response.StatusCode} {response.ReasonPhrase}.")
        {
            Status = response.StatusCode,
            Code = code,
            Param = param,
            IsRetryable = isRetryable ?? RetryHandler.IsPassing(response.StatusCode),
            RetryAfter = RetryHandler.RetryAfter(response, time),
            JobId = jobId,
        };
    }

    private static (string? Message, string? Code, string? Param, bool? IsRetryable, string? JobId) Read(string body)
    {
        try
        {
            using var document = JsonDocument.Parse(body);
            var root = document.RootElement;
            if (root.ValueKind != JsonValueKind.Object) return default;
            if (root.TryGetProperty("error", out var error) && error.ValueKind == JsonValueKind.Object)
                return (TextOf(error, "message"), TextOf(error, "code"), TextOf(error, "param"), null, null);
            bool? retryable = root.TryGetProperty("retryable", out var said) && said.ValueKind is JsonValueKind.True or JsonValueKind.False
                ? said.ValueKind == JsonValueKind.True : null;
            return (TextOf(root, "detail"), TextOf(root, "code"), TextOf(root, "param"), retryable, TextOf(root, "job_id"));
        }
        catch (JsonException)
        {
            return default;
        }
    }

    private static string? TextOf(JsonElement value, string name) =>
        value.TryGetProperty(name, out var text) && text.ValueKind == JsonValueKind.String ? text.GetString() : null;
}
