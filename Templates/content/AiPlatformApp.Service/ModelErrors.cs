using System.ClientModel;
using AiPlatform.Client;
using Microsoft.AspNetCore.Diagnostics;

namespace NAME-SPACE.Service;

/// <summary>
/// Says what a question without an answer means for the caller: 503 while the server is away or busy, and 400 where the server refuses the
/// text. Anything else, such as a wrong key or a model that nobody serves, is this service's own fault: it is logged, and a 500.
/// </summary>
internal sealed class ModelErrors(IProblemDetailsService problems) : IExceptionHandler
{
    private const string RetryAfterSeconds = "5";
    private const string Outage = "The model cannot answer now. Send the request again after the time in Retry-After.";

    public ValueTask<bool> TryHandleAsync(HttpContext context, Exception exception, CancellationToken cancellationToken)
    {
        var (status, detail) = exception switch
        {
            // Nobody answered, or not in time or to the end.
            AiPlatformException { IsRetryable: true } => (503, Outage),
            // A status of 0 is a call that nobody answered.
            ClientResultException { Status: 0 or 429 or 502 or 503 or 504 } or HttpRequestException or HttpIOException => (503, Outage),
            // The caller is still there, so the client's timeout has passed.
            OperationCanceledException when !context.RequestAborted.IsCancellationRequested => (503, Outage),
            ClientResultException { Status: 400 } refused => (400, refused.Message),
            _ => (500, ""),
        };
        if (status == 500) return ValueTask.FromResult(false);

        context.Response.StatusCode = status;
        if (status == 503) context.Response.Headers.RetryAfter = RetryAfterSeconds;
        return problems.TryWriteAsync(new ProblemDetailsContext
        {
            HttpContext = context,
            Exception = exception,
            ProblemDetails = { Status = status, Detail = detail },
        });
    }
}
