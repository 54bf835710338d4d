using System.ClientModel;
using System.Globalization;
using System.Net;
using AiPlatform.Client;
using Microsoft.AspNetCore.Diagnostics;

namespace SupportBot.Api;

/// <summary>Says 503 and when to come again while the platform is away or busy. The client has tried again a few times before.</summary>
internal sealed class OutageHandler(IProblemDetailsService problems) : IExceptionHandler
{
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(5);

    public ValueTask<bool> TryHandleAsync(HttpContext context, Exception exception, CancellationToken cancellationToken)
    {
        if (!IsOutage(exception, context.RequestAborted)) return ValueTask.FromResult(false);

        var pause = (exception as AiPlatformException)?.RetryAfter ?? Pause;
        context.Response.StatusCode = StatusCodes.Status503ServiceUnavailable;
        context.Response.Headers.RetryAfter = Math.Ceiling(pause.TotalSeconds).ToString(CultureInfo.InvariantCulture);
        return problems.TryWriteAsync(new ProblemDetailsContext
        {
            HttpContext = context,
            Exception = exception,
            ProblemDetails =
            {
                Status = context.Response.StatusCode,
                Title = "The AI platform cannot answer now.",
                Detail = "Send the request again after the time in Retry-After.",
            },
        });
    }

    /// <summary>Whether the same call may succeed later. A status of 0 is a call that nobody answered.</summary>
    /// <param name="exception">What ended the call.</param>
    /// <param name="left">Canceled when the caller has left. Any other cancellation is a bound that has passed.</param>
    private static bool IsOutage(Exception exception, CancellationToken left) => exception switch
    {
        HttpRequestException or HttpIOException => true,
        OperationCanceledException => !left.IsCancellationRequested,
        AiPlatformException failed => failed.IsRetryable || failed.Status == HttpStatusCode.GatewayTimeout,
        ClientResultException failed => failed.Status is 0 or 429 or 502 or 503 or 504,
        _ => false,
    };
}
