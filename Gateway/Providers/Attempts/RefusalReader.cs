using System.Text.Json;
using System.Text.Unicode;
using AiPlatform.Gateway.Errors;
using AiPlatform.Gateway.Providers.Routing;
using AiPlatform.Gateway.Providers.Transport;

namespace AiPlatform.Gateway.Providers.Attempts;

/// <summary>Reads a provider's error: what its status and code mean, and what their consequence is.</summary>
internal static class RefusalReader
{
    private const int MaxBytes = 64 * 1024;
    private const int MaxMessageLength = 2_000;

    /// <summary>Cloudflare's status for a timeout of the origin server.</summary>
    private const int OriginTimeout = 524;

    public static async ValueTask<AttemptFailure> ReadAsync(
        ProviderModel model, ProviderResponse response, CancellationToken cancellationToken)
    {
        ReadOnlyMemory<byte> body = default;
        try
        {
            body = await AnswerBody.ReadAsync(response.Content, MaxBytes, cancellationToken) ?? default;
        }
        catch (IOException)
        {
            // The body is not readable; the status decides alone.
        }

        return FailureOf(model.Provider, response.Status, $"{response.Status}", response.RetryAfter, ErrorOf(body), body);
    }

    /// <summary>Reads an error that came with status 200 or as an event of a stream, so only its code can be judged.</summary>
    public static AttemptFailure OfAnswer(Provider provider, ReadOnlyMemory<byte> json)
    {
        var said = ErrorOf(json);
        var status = said.Code switch
        {
            "rate_limit_exceeded" or "insufficient_quota" => StatusCodes.Status429TooManyRequests,
            "context_length_exceeded" or "invalid_request_error" => StatusCodes.Status400BadRequest,
            _ => said.Status ?? StatusCodes.Status500InternalServerError,
        };
        var failure = FailureOf(provider, status, "200 with an error in it", retryAfter: null, said, json);
        return failure with { Reason = said.Code == "insufficient_quota" ? said.Code : "error_in_200" };
    }

    /// <param name="provider">Who.</param>
    /// <param name="status">Its meaning as an HTTP status.</param>
    /// <param name="answered">A description of the answer, for the message.</param>
    /// <param name="retryAfter">How long the provider asks callers to wait.</param>
    /// <param name="said">The error in the answer.</param>
    /// <param name="body">The answer's body.</param>
    private static AttemptFailure FailureOf(
        Provider provider, int status, string answered, TimeSpan? retryAfter, SaidError said, ReadOnlyMemory<byte> body)
    {
        var reason = said.Code == "insufficient_quota" ? said.Code : $"status_{status}";
        if (status == StatusCodes.Status402PaymentRequired || said.Code == "insufficient_quota")
        {
            return Fallback(
                reason, new InferenceError
                {
                    Kind = InferenceErrorKind.ProviderQuotaExceeded,
                    Message = $"The account at the provider '{provider.Name}' has no quota left.",
                });
        }

        return status switch
        {
            StatusCodes.Status401Unauthorized or StatusCodes.Status403Forbidden =>
                Fallback(reason, AttemptFailure.Failed($"The provider '{provider.Name}' refused this Gateway's credentials ({answered}).")),
            StatusCodes.Status404NotFound =>
                Fallback(reason, AttemptFailure.Failed($"The provider '{provider.Name}' does not know the model or the route (404).")),
            < 400 => Fallback(reason, AttemptFailure.Failed($"The provider '{provider.Name}' answered {answered}, which is no answer.")),
            StatusCodes.Status429TooManyRequests => Retry(reason, retryAfter, isFault: false, new InferenceError
            {
                Kind = InferenceErrorKind.ProviderBusy,
                Message = $"The provider '{provider.Name}' refuses more requests for now ({answered}).",
                RetryAfter = retryAfter ?? TimeSpan.FromSeconds(1),
            }),
            StatusCodes.Status408RequestTimeout or StatusCodes.Status409Conflict =>
                Retry(reason, retryAfter, isFault: false, AttemptFailure.Failed($"The provider '{provider.Name}' answered {answered}.")),
            // A proxy of the provider gave up waiting, but the model may have worked on the request.
            StatusCodes.Status504GatewayTimeout or OriginTimeout => Retry(
                reason, retryAfter, isFault: true, AttemptFailure.Failed($"The provider '{provider.Name}' answered {answered}.")) with
            {
                Consequence = AttemptConsequence.RetryOnce,
            },
            >= 500 => Retry(
                reason, retryAfter, isFault: true, AttemptFailure.Failed($"The provider '{provider.Name}' answered {answered}.")),
            _ => Refused(provider, status, reason, said, body),
        };
    }

    private static AttemptFailure Refused(Provider provider, int status, string reason, SaidError said, ReadOnlyMemory<byte> body)
    {
        var showsKey = provider.Secret.IsIn(System.Text.Encoding.UTF8.GetString(body.Span));
        return new AttemptFailure
        {
            Reason = reason,
            Consequence = AttemptConsequence.Final,
            NamesStreamOptions = body.Span.IndexOf("stream_options"u8) >= 0 || body.Span.IndexOf("include_usage"u8) >= 0,
            Error = new InferenceError
            {
                Kind = said.Code switch
                {
                    "context_length_exceeded" => InferenceErrorKind.ContextLengthExceeded,
                    _ when status == StatusCodes.Status413PayloadTooLarge => InferenceErrorKind.PayloadTooLarge,
                    _ => InferenceErrorKind.InvalidRequest,
                },
                Message = Shown(said.Message, provider) ?? $"The provider '{provider.Name}' refused the request ({status}).",
                Param = Shown(said.Param, provider),
            },
            Answer = said.IsOpenAIs && !showsKey ? new RefusedAnswer(status, body) : null,
        };
    }

    /// <summary>A provider's text in a form for callers: without our key, and cut to a maximum length.</summary>
    private static string? Shown(string? text, Provider provider) =>
        text is not null && provider.Secret.Redact(text) is { } shown ? Refusals.Quoted(shown, MaxMessageLength) : null;

    private static AttemptFailure Retry(string reason, TimeSpan? retryAfter, bool isFault, InferenceError error) =>
        new()
        {
            Reason = reason,
            Error = error,
            Consequence = AttemptConsequence.Retry,
            RetryAfter = retryAfter,
            IsProvidersFault = isFault,
        };

    private static AttemptFailure Fallback(string reason, InferenceError error) =>
        new() { Reason = reason, Error = error, Consequence = AttemptConsequence.Fallback };

    /// <summary>Reads <c>{"error":{…}}</c>, and <c>{"error":"…"}</c>, which some providers send.</summary>
    private static SaidError ErrorOf(ReadOnlyMemory<byte> body)
    {
        if (!Utf8.IsValid(body.Span)) return default;
        try
        {
            using var document = JsonDocument.Parse(body);
            if (document.RootElement.ValueKind != JsonValueKind.Object || !document.RootElement.TryGetProperty("error", out var error))
                return default;
            if (error.ValueKind == JsonValueKind.String) return new SaidError(null, error.GetString(), null, false, null);
            return error.ValueKind == JsonValueKind.Object
                ? new SaidError(
                    Text(error, "code") ?? Text(error, "type"), Text(error, "message"), Text(error, "param"), true, Status(error))
                : default;
        }
        catch (Exception malformed) when (malformed is JsonException or InvalidOperationException)
        {
            return default;
        }
    }

    private static string? Text(JsonElement error, string name) =>
        error.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    /// <summary>Some providers send the HTTP status as the error's code, if they could not set the status itself.</summary>
    private static int? Status(JsonElement error) =>
        error.TryGetProperty("code", out var code) && code.ValueKind == JsonValueKind.Number && code.TryGetInt32(out var status)
            && status is >= 400 and <= 599
            ? status : null;

    private readonly record struct SaidError(string? Code, string? Message, string? Param, bool IsOpenAIs, int? Status);
}
