using System.Net;

namespace AiPlatform.Client;

/// <summary>The Gateway refused a call, or the call failed there.</summary>
public sealed class AiPlatformException : Exception
{
    public AiPlatformException(string message, Exception? innerException = null)
        : base(message, innerException)
    {
    }

    /// <summary>The status of the answer; null when a job failed whose request was accepted.</summary>
    public HttpStatusCode? Status { get; init; }

    /// <summary>A stable name for programs, such as <c>queue_full</c> or <c>deadline_exceeded</c>; null when the answer had none.</summary>
    public string? Code { get; init; }

    /// <summary>The field of the request that is at fault; null when it is none.</summary>
    public string? Param { get; init; }

    /// <summary>Whether the same call may succeed later.</summary>
    public bool IsRetryable { get; init; }

    /// <summary>When to call again; null when the Gateway does not say.</summary>
    public TimeSpan? RetryAfter { get; init; }

    /// <summary>The job that failed; null when it was another call.</summary>
    public string? JobId { get; init; }
}
