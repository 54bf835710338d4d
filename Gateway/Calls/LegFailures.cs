using AiPlatform.Gateway.Errors;
using AiPlatform.Gateway.Http;
using AiPlatform.Gateway.Providers.Attempts;

namespace AiPlatform.Gateway.Calls;

/// <summary>The failed legs of a call, for the header that reports them. It removes the other headers that a failed leg has set.</summary>
internal sealed class LegFailures(HttpResponse response)
{
    private static readonly string[] OfLegs =
    [
        CallHeaders.JobIdName, CallHeaders.ProviderName, CallHeaders.AttemptsName, CallHeaders.AttemptFailuresName,
        RetryHeaders.ShouldRetryName,
    ];

    private readonly List<string> _failures = [];

    /// <summary>
    /// Whether another model may succeed after this error, because the request is valid and the caller is allowed to make it.
    /// </summary>
    public static bool GoesOn(InferenceError error) => error.Kind is InferenceErrorKind.ModelNotFound or InferenceErrorKind.ModelUnavailable
        or InferenceErrorKind.ModelFailed or InferenceErrorKind.QueueFull or InferenceErrorKind.QueueUnavailable
        or InferenceErrorKind.LeaseLost or InferenceErrorKind.Internal or InferenceErrorKind.ProviderFailed
        or InferenceErrorKind.ProviderTimeout or InferenceErrorKind.ProviderBusy or InferenceErrorKind.ProviderUnavailable
        or InferenceErrorKind.ProviderQuotaExceeded;

    public void Add(string model, InferenceError error)
    {
        // The attempts at providers have reported it more exactly.
        var said = response.Headers[CallHeaders.AttemptFailuresName].ToString();
        _failures.Add(said.Length > 0 ? said : $"{new FailedAttempt(model, error.Code)}");
        foreach (var name in OfLegs) response.Headers.Remove(name);
    }

    /// <summary>Writes the header; the last leg's own attempts come last.</summary>
    public void Say()
    {
        if (_failures.Count == 0) return;
        var said = response.Headers[CallHeaders.AttemptFailuresName].ToString();
        response.SetAttemptFailures(string.Join(", ", said.Length > 0 ? [.. _failures, said] : _failures));
    }
}
