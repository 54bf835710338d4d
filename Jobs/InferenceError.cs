using System.Text.Json;
using System.Text.Json.Serialization;

namespace AiPlatform.Jobs;

/// <summary>An expected error as a value: what happened, the numbers, what to change.</summary>
public sealed record InferenceError
{
    private readonly bool? _retryable;

    public required InferenceErrorKind Kind { get; init; }

    /// <summary>One or two sentences for the caller; never a prompt, a key or a stack trace.</summary>
    public required string Message { get; init; }

    /// <summary>The request's field that is wrong, such as <c>input[3]</c>; null when no single one is.</summary>
    public string? Param { get; init; }

    /// <summary>The model's answer, if it is what is wrong and the caller asked for it; else null.</summary>
    public string? RawAnswer { get; init; }

    /// <summary>The name of the limit that refused the call, as in the header <c>RateLimit-Policy</c>; null for other errors.</summary>
    [JsonIgnore]
    public string? ViolatedPolicy { get; init; }

    /// <summary>How long to wait before the next try; null when waiting does not help.</summary>
    [JsonIgnore]
    public TimeSpan? RetryAfter { get; init; }

    /// <summary>The stable name of the kind, in jobs and in both dialects.</summary>
    [JsonIgnore]
    public string Code => Traits.Code;

    /// <summary>Whether the same call may succeed later; that of its kind, where nothing else is set.</summary>
    [JsonIgnore]
    public bool Retryable
    {
        get => _retryable ?? Traits.Retryable;
        init => _retryable = value;
    }

    /// <summary>Whether the request itself is wrong, so that it fails however often it is run.</summary>
    [JsonIgnore]
    public bool IsOfRequest =>
        Kind is InferenceErrorKind.InvalidRequest or InferenceErrorKind.ContextLengthExceeded or InferenceErrorKind.PayloadTooLarge;

    [JsonIgnore]
    private (string Code, bool Retryable) Traits => Kind switch
    {
        InferenceErrorKind.InvalidRequest => ("invalid_request", false),
        InferenceErrorKind.ContextLengthExceeded => ("context_length_exceeded", false),
        InferenceErrorKind.ModelNotFound => ("model_not_found", false),
        InferenceErrorKind.ModelUnavailable => ("model_unavailable", true),
        InferenceErrorKind.JobNotFound => ("job_not_found", false),
        InferenceErrorKind.RouteNotFound => ("not_found", false),
        InferenceErrorKind.MethodNotAllowed => ("method_not_allowed", false),
        InferenceErrorKind.PayloadTooLarge => ("payload_too_large", false),
        InferenceErrorKind.UnsupportedMediaType => ("unsupported_media_type", false),
        InferenceErrorKind.RequestTimeout => ("request_timeout", true),
        InferenceErrorKind.InvalidApiKey => ("invalid_api_key", false),
        InferenceErrorKind.Forbidden => ("forbidden", false),
        InferenceErrorKind.HostNotAllowed => ("host_not_allowed", false),
        InferenceErrorKind.CrossSite => ("cross_site", false),
        InferenceErrorKind.QueueNotFound => ("queue_not_found", false),
        InferenceErrorKind.NotRequeueable => ("not_requeueable", false),
        InferenceErrorKind.IdempotencyConflict => ("idempotency_conflict", false),
        InferenceErrorKind.QueueFull => ("queue_full", true),
        InferenceErrorKind.TenantQueueFull => ("tenant_queue_full", true),
        InferenceErrorKind.TenantBytesFull => ("tenant_bytes_full", true),
        InferenceErrorKind.RateLimited => ("rate_limit_exceeded", true),
        InferenceErrorKind.BudgetExceeded => ("budget_exceeded", false),
        InferenceErrorKind.QueueUnavailable => ("queue_unavailable", true),
        InferenceErrorKind.DeadlineExceeded => ("deadline_exceeded", true),
        InferenceErrorKind.Canceled => ("canceled", true),
        InferenceErrorKind.LeaseLost => ("lease_lost", true),
        InferenceErrorKind.ModelFailed => ("model_failed", true),
        InferenceErrorKind.ProviderFailed => ("provider_failed", true),
        InferenceErrorKind.ProviderTimeout => ("provider_timeout", true),
        InferenceErrorKind.ProviderBusy => ("provider_busy", true),
        InferenceErrorKind.ProviderUnavailable => ("provider_unavailable", true),
        InferenceErrorKind.ProviderQuotaExceeded => ("insufficient_quota", false),
        InferenceErrorKind.AnswerInvalid => ("answer_invalid", false),
        _ => ("internal_error", true),
    };

    /// <summary>The request itself is wrong.</summary>
    /// <param name="param">The wrong field; null when no single field is wrong.</param>
    /// <param name="message">What is wrong, and what to send instead.</param>
    public static InferenceError Invalid(string? param, string message) =>
        new() { Kind = InferenceErrorKind.InvalidRequest, Message = message, Param = param };

    /// <summary>The form in which the store keeps it.</summary>
    public string ToJson() => JsonSerializer.Serialize(this, InferenceErrorJson.Default.InferenceError);

    /// <summary>Reads the stored form. A form that cannot be read (of another version) becomes an internal error that says so.</summary>
    public static InferenceError FromJson(string json)
    {
        try
        {
            return JsonSerializer.Deserialize(json, InferenceErrorJson.Default.InferenceError) ?? Unreadable();
        }
        catch (JsonException)
        {
            return Unreadable();
        }
    }

    private static InferenceError Unreadable() => new()
    {
        Kind = InferenceErrorKind.Internal,
        Message = "The job's error was stored by a version whose form this one cannot read.",
    };
}

/// <summary>Serializer of the stored form of <see cref="InferenceError"/>.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    UseStringEnumConverter = true,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(InferenceError))]
internal sealed partial class InferenceErrorJson : JsonSerializerContext;

/// <summary>Every kind of expected error, wherever it is found. Each dialect maps this one list (see Gateway).</summary>
public enum InferenceErrorKind
{
    /// <summary>The request itself is wrong: syntax, type, range, a missing field.</summary>
    InvalidRequest,

    /// <summary>The input has more tokens than the model accepts.</summary>
    ContextLengthExceeded,

    /// <summary>No model of this name is served.</summary>
    ModelNotFound,

    /// <summary>The model is known, but no worker serves it now.</summary>
    ModelUnavailable,

    /// <summary>No job has this id, or it belongs to another tenant.</summary>
    JobNotFound,

    /// <summary>No such route.</summary>
    RouteNotFound,

    /// <summary>The route exists, but not for this HTTP method.</summary>
    MethodNotAllowed,

    /// <summary>The body is larger than the limit.</summary>
    PayloadTooLarge,

    /// <summary>The content type is not JSON, or the compression is not supported.</summary>
    UnsupportedMediaType,

    /// <summary>The body came too slowly.</summary>
    RequestTimeout,

    /// <summary>The API key is missing or unknown.</summary>
    InvalidApiKey,

    /// <summary>The caller's role does not allow it.</summary>
    Forbidden,

    /// <summary>The Gateway has no keys, and does not accept the host name of the request.</summary>
    HostNotAllowed,

    /// <summary>The Gateway has no keys, and a page of another site sent the request.</summary>
    CrossSite,

    /// <summary>No model has a queue of this name.</summary>
    QueueNotFound,

    /// <summary>The job runs or waits, or has a result: there is nothing to run again.</summary>
    NotRequeueable,

    /// <summary>The idempotency key was used for another request.</summary>
    IdempotencyConflict,

    /// <summary>The model's queue holds its limit of waiting jobs.</summary>
    QueueFull,

    /// <summary>The model's queue holds the tenant's limit of waiting jobs.</summary>
    TenantQueueFull,

    /// <summary>The tenant's jobs in the model's queue, results included, have its limit of bytes.</summary>
    TenantBytesFull,

    /// <summary>A limit of requests, tokens or concurrent calls of the tenant or the key is reached.</summary>
    RateLimited,

    /// <summary>The tenant's budget of tokens is used up.</summary>
    BudgetExceeded,

    /// <summary>Redis does not answer, refuses writes or is full.</summary>
    QueueUnavailable,

    /// <summary>The deadline passed before there was a result.</summary>
    DeadlineExceeded,

    /// <summary>Somebody canceled the job.</summary>
    Canceled,

    /// <summary>Too many processes were lost while they ran the job.</summary>
    LeaseLost,

    /// <summary>The model failed on this input.</summary>
    ModelFailed,

    /// <summary>A provider failed, or its answer cannot be used.</summary>
    ProviderFailed,

    /// <summary>A provider was silent for too long.</summary>
    ProviderTimeout,

    /// <summary>A provider accepts no more requests for now.</summary>
    ProviderBusy,

    /// <summary>A provider failed so often that its circuit breaker is open.</summary>
    ProviderUnavailable,

    /// <summary>The account at a provider has no quota left.</summary>
    ProviderQuotaExceeded,

    /// <summary>The model's answer does not fit its schema.</summary>
    AnswerInvalid,

    /// <summary>A bug, or an unforeseen failure.</summary>
    Internal,
}
