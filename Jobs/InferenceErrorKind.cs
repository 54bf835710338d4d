namespace AiPlatform.Jobs;

/// <summary>Every kind of expected error, wherever it is found. Each dialect maps this one list (see Gateway).</summary>
public enum InferenceErrorKind
{
    /// <summary>The request itself is wrong: syntax, type, range, a missing field.</summary>
    InvalidRequest,

    /// <summary>The input has more tokens than the model takes.</summary>
    ContextLengthExceeded,

    /// <summary>No model of this name is served.</summary>
    ModelNotFound,

    /// <summary>The model is known, but no worker serves it now.</summary>
    ModelUnavailable,

    /// <summary>No job of this id is there, or it belongs to another tenant.</summary>
    JobNotFound,

    /// <summary>No such route.</summary>
    RouteNotFound,

    /// <summary>The route is there, but not for this HTTP method.</summary>
    MethodNotAllowed,

    /// <summary>The body is larger than the limit.</summary>
    PayloadTooLarge,

    /// <summary>The body is not JSON by its content type, or compressed in a way that nobody here reads.</summary>
    UnsupportedMediaType,

    /// <summary>The body came too slowly.</summary>
    RequestTimeout,

    /// <summary>No API key, or one that nobody has.</summary>
    InvalidApiKey,

    /// <summary>The caller's role does not suffice.</summary>
    Forbidden,

    /// <summary>The Gateway has no keys, and does not answer to the name by which it was asked.</summary>
    HostNotAllowed,

    /// <summary>The Gateway has no keys, and a page of another site sends the request.</summary>
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

    /// <summary>Redis does not answer, refuses writes or is full.</summary>
    QueueUnavailable,

    /// <summary>The deadline passed before there was a result.</summary>
    DeadlineExceeded,

    /// <summary>Somebody canceled the job.</summary>
    Canceled,

    /// <summary>The process that ran the job was lost, again and again.</summary>
    LeaseLost,

    /// <summary>The model failed on this input.</summary>
    ModelFailed,

    /// <summary>A provider failed, or answered what cannot be used.</summary>
    ProviderFailed,

    /// <summary>A provider was silent for too long.</summary>
    ProviderTimeout,

    /// <summary>A provider takes no more requests for now.</summary>
    ProviderBusy,

    /// <summary>A provider failed so often that it is not asked for now.</summary>
    ProviderUnavailable,

    /// <summary>The account at a provider has no quota left.</summary>
    ProviderQuotaExceeded,

    /// <summary>What the model said does not fit its schema.</summary>
    AnswerInvalid,

    /// <summary>A bug, or a failure nobody foresaw.</summary>
    Internal,
}
