using System.Reflection;
using System.Text.Json;
using AiPlatform.Gateway.Errors;
using Microsoft.AspNetCore.Http.Metadata;

namespace AiPlatform.Gateway.Problems;

/// <summary>An error of our own routes. The one place that maps the kinds of errors to problems.</summary>
internal sealed class Problem(InferenceError error, string? jobId = null) : IErrorAnswer, IEndpointMetadataProvider
{
    /// <summary>The registered type of draft-ietf-httpapi-ratelimit-headers.</summary>
    private const string QuotaExceeded = "https://iana.org/assignments/http-problem-types#quota-exceeded";

    private const string ContentType = "application/problem+json";

    private static readonly int[] CommonStatuses = [401, 403, 503];

    public InferenceError Error => error;

    public static void PopulateMetadata(MethodInfo method, EndpointBuilder builder)
    {
        foreach (var status in CommonStatuses) builder.Metadata.Add(Described(status));
    }

    /// <summary>Adds a problem of this status to a route in the API's description. Every route may answer 401, 403 and 503.</summary>
    public static ProducesResponseTypeMetadata Described(int status) => new(status, typeof(ProblemBody), [ContentType]);

    // :: Step 9: answer. The answer of an error, on our own routes.
    public Task ExecuteAsync(HttpContext httpContext)
    {
        var body = BodyOf(httpContext, error, jobId);
        httpContext.Response.SetRetryAfter(error);
        httpContext.Response.StatusCode = body.Status;
        return httpContext.Response.WriteAsJsonAsync(body, ProblemJson.Readable.ProblemBody, ContentType, httpContext.RequestAborted);
    }

    /// <summary>The problem as the last event of a stream.</summary>
    public static byte[] EventOf(HttpContext httpContext, InferenceError error) =>
    [
        .. "event: error\ndata: "u8,
        .. JsonSerializer.SerializeToUtf8Bytes(BodyOf(httpContext, error, jobId: null), ProblemJson.Readable.ProblemBody), .. "\n\n"u8,
    ];

    private static ProblemBody BodyOf(HttpContext httpContext, InferenceError error, string? jobId)
    {
        var (status, title) = Map(error.Kind);
        return new ProblemBody
        {
            Type = error.ViolatedPolicy is null ? $"/problems/{error.Code.Replace('_', '-')}" : QuotaExceeded,
            Title = title,
            Status = status,
            Detail = error.Message,
            Instance = Refusals.Quoted(httpContext.Request.Path.Value ?? "", 512),
            Code = error.Code,
            Retryable = error.Retryable,
            Param = error.Param,
            RawAnswer = error.RawAnswer,
            ViolatedPolicies = error.ViolatedPolicy is { } policy ? [policy] : null,
            TraceId = RequestId.Of(httpContext),
            JobId = jobId,
        };
    }

    internal static (int Status, string Title) Map(InferenceErrorKind kind) => kind switch
    {
        InferenceErrorKind.InvalidRequest => (StatusCodes.Status400BadRequest, "The request is not valid"),
        InferenceErrorKind.ContextLengthExceeded => (StatusCodes.Status400BadRequest, "The input has too many tokens"),
        InferenceErrorKind.ModelNotFound => (StatusCodes.Status404NotFound, "The model is not served"),
        InferenceErrorKind.ModelUnavailable => (StatusCodes.Status503ServiceUnavailable, "No worker serves the model now"),
        InferenceErrorKind.JobNotFound => (StatusCodes.Status404NotFound, "There is no such job"),
        InferenceErrorKind.RouteNotFound => (StatusCodes.Status404NotFound, "There is no such route"),
        InferenceErrorKind.MethodNotAllowed => (StatusCodes.Status405MethodNotAllowed, "The method is not allowed"),
        InferenceErrorKind.Canceled => (StatusCodes.Status409Conflict, "The job was canceled"),
        InferenceErrorKind.PayloadTooLarge => (StatusCodes.Status413PayloadTooLarge, "The body is too large"),
        InferenceErrorKind.UnsupportedMediaType => (StatusCodes.Status415UnsupportedMediaType, "The body is not of a known type"),
        InferenceErrorKind.RequestTimeout => (StatusCodes.Status408RequestTimeout, "The body came too slowly"),
        InferenceErrorKind.InvalidApiKey => (StatusCodes.Status401Unauthorized, "The API key is missing or not known"),
        InferenceErrorKind.Forbidden => (StatusCodes.Status403Forbidden, "The role does not suffice"),
        InferenceErrorKind.HostNotAllowed => (StatusCodes.Status403Forbidden, "The Gateway does not answer to this name"),
        InferenceErrorKind.CrossSite => (StatusCodes.Status403Forbidden, "Pages of other sites are not let in"),
        InferenceErrorKind.QueueNotFound => (StatusCodes.Status404NotFound, "There is no such queue"),
        InferenceErrorKind.NotRequeueable => (StatusCodes.Status409Conflict, "The job cannot be run again"),
        InferenceErrorKind.IdempotencyConflict =>
            (StatusCodes.Status422UnprocessableEntity, "The idempotency key was used for another request"),
        InferenceErrorKind.TenantQueueFull => (StatusCodes.Status429TooManyRequests, "Too many of the tenant's jobs wait"),
        InferenceErrorKind.TenantBytesFull => (StatusCodes.Status429TooManyRequests, "The tenant's jobs take too many bytes"),
        InferenceErrorKind.RateLimited => (StatusCodes.Status429TooManyRequests, "A limit of calls or tokens is reached"),
        InferenceErrorKind.BudgetExceeded => (StatusCodes.Status429TooManyRequests, "The budget of tokens is used up"),
        InferenceErrorKind.QueueFull => (StatusCodes.Status429TooManyRequests, "The queue is full"),
        InferenceErrorKind.QueueUnavailable => (StatusCodes.Status503ServiceUnavailable, "The queue does not serve"),
        InferenceErrorKind.DeadlineExceeded => (StatusCodes.Status504GatewayTimeout, "The deadline has passed"),
        InferenceErrorKind.AnswerInvalid => (StatusCodes.Status422UnprocessableEntity, "The model's answer does not fit its schema"),
        InferenceErrorKind.ProviderBusy => (StatusCodes.Status429TooManyRequests, "The provider refuses more requests"),
        InferenceErrorKind.ProviderQuotaExceeded => (StatusCodes.Status429TooManyRequests, "The provider's quota is used up"),
        InferenceErrorKind.ProviderFailed => (StatusCodes.Status502BadGateway, "The provider failed"),
        InferenceErrorKind.ProviderUnavailable => (StatusCodes.Status503ServiceUnavailable, "The provider is not called for now"),
        InferenceErrorKind.ProviderTimeout => (StatusCodes.Status504GatewayTimeout, "The provider was silent"),
        InferenceErrorKind.LeaseLost => (StatusCodes.Status500InternalServerError, "The worker was lost"),
        InferenceErrorKind.ModelFailed => (StatusCodes.Status500InternalServerError, "The model failed"),
        _ => (StatusCodes.Status500InternalServerError, "The Gateway failed"),
    };
}
