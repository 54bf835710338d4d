using System.Text.Json;

namespace AiPlatform.Client.Http;

/// <summary>Reads the errors of the Gateway: problems of RFC 9457, and OpenAI's error objects.</summary>
internal static class GatewayErrors
{
    /// <summary>Longest body that is read, in characters. What is longer is not from the Gateway.</summary>
    private const int MaxBody = 65_536;

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
