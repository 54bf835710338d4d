using System.Net;

namespace AiPlatform.Client;

/// <summary>The Gateway refused a call, the call failed there, or nobody answered it.</summary>
public sealed class AiPlatformException : Exception
{
    public AiPlatformException(string message, Exception? innerException = null)
        : base(message, innerException)
    {
    }

    /// <summary>The status of the answer; null when there is none, or a job or a stream failed later.</summary>
    public HttpStatusCode? Status { get; init; }

    /// <summary>
    /// A stable name for programs, such as <c>queue_full</c>; null when the answer had none. Two are the client's own: <c>unavailable</c>
    /// (nobody answered, or not to the end), and <c>deadline_exceeded</c> when <see cref="AiPlatformClientOptions.Timeout"/> has passed.
    /// </summary>
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
