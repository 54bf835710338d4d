using System.Reflection;
using System.Text.Json;
using AiPlatform.Gateway.Errors;
using Microsoft.AspNetCore.Http.Metadata;

namespace AiPlatform.Gateway.OpenAI;

/// <summary>An error in the OpenAI dialect. The one place that maps the kinds of errors to its status, type and code.</summary>
internal sealed class OpenAIError(InferenceError error) : IErrorAnswer, IEndpointMetadataProvider
{
    internal const string RateLimitCode = "rate_limit_exceeded";

    private const string QuotaCode = "insufficient_quota";

    private static readonly int[] CommonStatuses = [401, 403, 503];

    public InferenceError Error => error;

    public static void PopulateMetadata(MethodInfo method, EndpointBuilder builder)
    {
        foreach (var status in CommonStatuses) builder.Metadata.Add(Described(status));
    }

    /// <summary>Adds an error of this status to a route in the API's description. Every route may answer 401, 403 and 503.</summary>
    public static ProducesResponseTypeMetadata Described(int status) => new(status, typeof(OpenAIErrorBody), ["application/json"]);

    // :: Step 9: answer. The answer of an error, in this dialect.
    public Task ExecuteAsync(HttpContext httpContext)
    {
        // An SDK that is told not to repeat the call would nevertheless sleep for as long as this header says.
        if (!httpContext.Response.Headers.ContainsKey(RetryHeaders.ShouldRetryName)) httpContext.Response.SetRetryAfter(error);
        httpContext.Response.StatusCode = Map(error.Kind).Status;
        return httpContext.Response.WriteAsJsonAsync(
            BodyOf(error), OpenAIErrorJson.Readable.OpenAIErrorBody, "application/json", httpContext.RequestAborted);
    }

    /// <summary>The error as the last event of a stream.</summary>
    public static byte[] EventOf(HttpContext httpContext, InferenceError error) =>
        [.. "data: "u8, .. JsonSerializer.SerializeToUtf8Bytes(BodyOf(error), OpenAIErrorJson.Readable.OpenAIErrorBody), .. "\n\n"u8];

    /// <summary>The error as JSON: a body, or the last event of a stream.</summary>
    public static OpenAIErrorBody BodyOf(InferenceError error) => new()
    {
        Error = new OpenAIErrorObject
        {
            Message = error.Message,
            Type = Map(error.Kind).Type,
            Param = error.Param,
            Code = error.Kind switch
            {
                InferenceErrorKind.QueueFull or InferenceErrorKind.TenantQueueFull or InferenceErrorKind.TenantBytesFull
                    or InferenceErrorKind.ProviderBusy => RateLimitCode,
                InferenceErrorKind.BudgetExceeded => QuotaCode,
                _ => error.Code,
            },
            RawAnswer = error.RawAnswer,
        },
    };

    /// <summary>
    /// Maps a kind of error to its status and type. A canceled job is 400 and not 409, because the official SDKs retry 408, 409, 429 and
    /// every status from 500 on by themselves. Only errors that may be retried have such a status.
    /// </summary>
    internal static (int Status, string Type) Map(InferenceErrorKind kind) => kind switch
    {
        InferenceErrorKind.InvalidRequest or InferenceErrorKind.ContextLengthExceeded or InferenceErrorKind.Canceled
            => (StatusCodes.Status400BadRequest, "invalid_request_error"),
        InferenceErrorKind.ModelNotFound or InferenceErrorKind.JobNotFound or InferenceErrorKind.RouteNotFound
            or InferenceErrorKind.QueueNotFound
            => (StatusCodes.Status404NotFound, "invalid_request_error"),
        InferenceErrorKind.MethodNotAllowed => (StatusCodes.Status405MethodNotAllowed, "invalid_request_error"),
        InferenceErrorKind.PayloadTooLarge => (StatusCodes.Status413PayloadTooLarge, "invalid_request_error"),
        InferenceErrorKind.UnsupportedMediaType => (StatusCodes.Status415UnsupportedMediaType, "invalid_request_error"),
        InferenceErrorKind.RequestTimeout => (StatusCodes.Status408RequestTimeout, "invalid_request_error"),
        InferenceErrorKind.InvalidApiKey => (StatusCodes.Status401Unauthorized, "invalid_request_error"),
        InferenceErrorKind.Forbidden or InferenceErrorKind.HostNotAllowed or InferenceErrorKind.CrossSite
            => (StatusCodes.Status403Forbidden, "invalid_request_error"),
        InferenceErrorKind.IdempotencyConflict => (StatusCodes.Status422UnprocessableEntity, "invalid_request_error"),
        InferenceErrorKind.QueueFull or InferenceErrorKind.TenantQueueFull or InferenceErrorKind.TenantBytesFull =>
            (StatusCodes.Status429TooManyRequests, "rate_limit_error"),
        InferenceErrorKind.RateLimited => (StatusCodes.Status429TooManyRequests, "rate_limit_error"),
        InferenceErrorKind.BudgetExceeded => (StatusCodes.Status429TooManyRequests, QuotaCode),
        InferenceErrorKind.AnswerInvalid => (StatusCodes.Status422UnprocessableEntity, "invalid_answer_error"),
        InferenceErrorKind.ProviderBusy => (StatusCodes.Status429TooManyRequests, "rate_limit_error"),
        InferenceErrorKind.ProviderQuotaExceeded => (StatusCodes.Status429TooManyRequests, QuotaCode),
        InferenceErrorKind.ProviderFailed => (StatusCodes.Status502BadGateway, "server_error"),
        InferenceErrorKind.ModelUnavailable => (StatusCodes.Status503ServiceUnavailable, "server_error"),
        InferenceErrorKind.ProviderUnavailable => (StatusCodes.Status503ServiceUnavailable, "server_error"),
        InferenceErrorKind.ProviderTimeout => (StatusCodes.Status504GatewayTimeout, "server_error"),
        InferenceErrorKind.QueueUnavailable => (StatusCodes.Status503ServiceUnavailable, "server_error"),
        InferenceErrorKind.DeadlineExceeded => (StatusCodes.Status504GatewayTimeout, "server_error"),
        _ => (StatusCodes.Status500InternalServerError, "server_error"),
    };
}
