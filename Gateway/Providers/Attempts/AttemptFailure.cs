using AiPlatform.Gateway.Errors;
using AiPlatform.Gateway.Providers.Routing;
using AiPlatform.Gateway.Providers.Transport;

namespace AiPlatform.Gateway.Providers.Attempts;

/// <summary>The failure of one attempt at a provider, and its consequence.</summary>
internal sealed record AttemptFailure
{
    /// <summary>
    /// One word for headers, spans and metrics: <c>status_503</c>, <c>timeout</c>, <c>deadline</c>, <c>connection</c>, ….
    /// </summary>
    public required string Reason { get; init; }

    /// <summary>The error for the caller if no later attempt succeeds.</summary>
    public required InferenceError Error { get; init; }

    public required AttemptConsequence Consequence { get; init; }

    /// <summary>How long the provider asks callers to wait; null when it does not say.</summary>
    public TimeSpan? RetryAfter { get; init; }

    /// <summary>Whether the provider itself is at fault, and not this call or this account.</summary>
    public bool IsProvidersFault { get; init; }

    /// <summary>Whether it names <c>stream_options</c>, which the caller may not have sent.</summary>
    public bool NamesStreamOptions { get; init; }

    /// <summary>
    /// What broke the connection on which the attempt was under way. Attempts over HTTP/2 that shared the connection have the same; null
    /// for any other failure.
    /// </summary>
    public Exception? LostConnection { get; init; }

    /// <summary>The provider's own answer if the request is wrong; the caller gets it unchanged.</summary>
    public RefusedAnswer? Answer { get; init; }

    public static AttemptFailure Connection(string provider, ProviderUnreachableException unreachable) => new()
    {
        Reason = "connection",
        Error = Failed($"The provider '{provider}' cannot be reached: {unreachable.Message}."),
        Consequence = AttemptConsequence.Retry,
        IsProvidersFault = true,
        LostConnection = unreachable.LostConnection,
    };

    /// <summary>
    /// Makes the failure of an attempt that exceeded its limit. The provider is not at fault if the limit was the call's deadline.
    /// </summary>
    public static AttemptFailure TimedOut(string provider, AttemptLimit limit) => new()
    {
        Reason = limit.IsDeadline ? "deadline" : "timeout",
        Error = new InferenceError
        {
            Kind = InferenceErrorKind.ProviderTimeout,
            Message = limit.IsDeadline
                ? $"The call's deadline of {limit.Deadline.Limit.TotalSeconds:0.###} s passed {limit.Progress switch
                {
                    AttemptProgress.Silent => $"while the provider '{provider}' was silent",
                    AttemptProgress.Answering => $"before the answer of the provider '{provider}' had ended",
                    _ => $"before the stream of the provider '{provider}' had an event",
                }}."
                : $"{limit.Progress switch
                {
                    AttemptProgress.Silent => $"The provider '{provider}' was silent for",
                    AttemptProgress.Answering => $"The answer of the provider '{provider}' did not end within",
                    _ => $"The stream of the provider '{provider}' had no event for",
                }} {limit.Length.TotalSeconds:0.###} s.",
        },
        Consequence = limit.IsDeadline ? AttemptConsequence.Final : AttemptConsequence.RetryOnce,
        IsProvidersFault = !limit.IsDeadline,
    };

    /// <summary>Makes the failure of an answer that is not in OpenAI's dialect.</summary>
    /// <param name="provider">Who.</param>
    /// <param name="reason">One word: <c>truncated</c>, <c>malformed</c>, <c>content_type</c>, <c>empty</c>.</param>
    /// <param name="what">What is wrong with it.</param>
    public static AttemptFailure BadAnswer(string provider, string reason, string what) => new()
    {
        Reason = reason,
        Error = Failed($"The answer of the provider '{provider}' cannot be used: {what}."),
        Consequence = AttemptConsequence.Retry,
        IsProvidersFault = true,
    };

    /// <summary>Makes the failure of an answer in which the connection broke.</summary>
    public static AttemptFailure Truncated(string provider, string what, IOException broken) =>
        BadAnswer(provider, "truncated", what) with { LostConnection = broken.GetBaseException() };

    /// <summary>Makes the failure of an answer with a wrong content type.</summary>
    /// <param name="provider">Who.</param>
    /// <param name="contentType">The content type of the answer.</param>
    /// <param name="wanted">The expected content type.</param>
    public static AttemptFailure BadContentType(Provider provider, string? contentType, string wanted) => BadAnswer(
        provider.Name, "content_type",
        $"its content type is '{Refusals.Quoted(provider.Secret.Redact(contentType ?? "") ?? "***")}', not {wanted}");

    public static AttemptFailure TooLarge(string provider, int limit) => new()
    {
        Reason = "too_large",
        Error = Failed($"The answer of the provider '{provider}' is larger than {limit} bytes (MaxAnswerBytes of the model)."),
        Consequence = AttemptConsequence.Fallback,
    };

    public static AttemptFailure BreakerOpen(string provider, TimeSpan? pause) => new()
    {
        Reason = "breaker_open",
        Error = new InferenceError
        {
            Kind = InferenceErrorKind.ProviderUnavailable,
            Message = $"The provider '{provider}' failed too often recently, so it is not called for a while.",
            RetryAfter = pause ?? TimeSpan.FromSeconds(1),
        },
        Consequence = AttemptConsequence.Fallback,
    };

    public static AttemptFailure Busy(string provider, int calls) => new()
    {
        Reason = "busy",
        Error = new InferenceError
        {
            Kind = InferenceErrorKind.ProviderBusy,
            Message = $"{calls} calls to the provider '{provider}' are in flight, as many as may be. Try again later.",
            RetryAfter = TimeSpan.FromSeconds(1),
        },
        Consequence = AttemptConsequence.Fallback,
    };

    public static InferenceError Failed(string message) => new() { Kind = InferenceErrorKind.ProviderFailed, Message = message };
}

/// <summary>The consequence of a failed attempt.</summary>
internal enum AttemptConsequence
{
    /// <summary>The attempt may succeed later: retry it after a back-off, then call the fallback.</summary>
    Retry,

    /// <summary>
    /// The provider may have worked on it and bills each attempt: call the fallback, and retry once only if there is none.
    /// </summary>
    RetryOnce,

    /// <summary>This provider will not run it: call the fallback at once.</summary>
    Fallback,

    /// <summary>No provider will run it: the request itself is wrong, or the call's deadline has passed.</summary>
    Final,
}

/// <summary>A provider's refusal of a request, in OpenAI's form of errors.</summary>
/// <param name="Status">400 to 499.</param>
/// <param name="Body">JSON.</param>
internal sealed record RefusedAnswer(int Status, ReadOnlyMemory<byte> Body);
