using System.Diagnostics;
using AiPlatform.Gateway.Configuration;
using AiPlatform.Gateway.Errors;
using AiPlatform.Gateway.Telemetry;
using AiPlatform.ServiceDefaults.Telemetry;
using Microsoft.Extensions.Options;

namespace AiPlatform.Gateway.Http;

/// <summary>
/// Wraps every request. It sets the request's id (<c>x-request-id</c>, the trace id), and answers errors that no route answered (no such
/// route, wrong method, a body over the limit, an exception) in the dialect of the path.
/// </summary>
internal sealed class FailureAnswers(RequestDelegate next, IOptions<GatewayOptions> options, ILogger<FailureAnswers> logger)
{
    public async Task InvokeAsync(HttpContext context)
    {
        context.Response.Headers[RequestId.Header] = RequestId.Of(context);
        try
        {
            await next(context);
        }
#pragma warning disable CA1031 // Whatever it was, the client gets an answer in its dialect, without internals
        catch (Exception failure)
        {
            await AnswerAsync(context, failure);
            return;
        }
#pragma warning restore CA1031
        finally
        {
            if (TelemetrySources.Activities.HasListeners()) Activity.Current?.SetTag("http.route", PatternOf(context));
        }

        if (MadeByFramework(context) is { } error) await Dialect.Of(context).Answer(error).ExecuteAsync(context);
    }

    private async Task AnswerAsync(HttpContext context, Exception failure)
    {
        if (context.RequestAborted.IsCancellationRequested && failure is OperationCanceledException or IOException)
        {
            Log.ClientGone(logger, context.Request.Method, Path(context));
            return;
        }

        var error = ErrorOf(context, failure);
        if (context.Response.HasStarted)
        {
            // The status has been sent, so only a broken connection can tell the client that the rest is missing.
            context.Abort();
            return;
        }

        var requestId = context.Response.Headers[RequestId.Header];
        context.Response.Clear();
        context.Response.Headers[RequestId.Header] = requestId;
        await Dialect.Of(context).Answer(error).ExecuteAsync(context);
    }

    private InferenceError ErrorOf(HttpContext context, Exception failure)
    {
        switch (failure)
        {
            case BadHttpRequestException unreadable:
                return Refusals.BodyUnreadable(unreadable, options.Value.MaxBodyBytes);
            case QueueUnavailableException away:
                Log.QueueAway(logger, context.Request.Method, Path(context), away.Message);
                return Refusals.QueueAway(away.Message);
            default:
                Log.RequestFailed(logger, failure, context.Request.Method, Path(context));
                return Refusals.Unforeseen();
        }
    }

    /// <returns>Null when a route has written its answer, or the answer needs no body.</returns>
    private static InferenceError? MadeByFramework(HttpContext context)
    {
        var response = context.Response;
        if (response.HasStarted || response.ContentType is not null || response.ContentLength is > 0) return null;

        return response.StatusCode switch
        {
            StatusCodes.Status404NotFound => Refusals.RouteNotFound(context.Request),
            StatusCodes.Status405MethodNotAllowed => ImpliedMethods.Answer(context),
            StatusCodes.Status415UnsupportedMediaType => Refusals.NotJson(context.Request.ContentType),
            >= 400 and < 500 => InferenceError.Invalid(null, "The request cannot be read."),
            _ => null,
        };
    }

    /// <summary>The route's pattern, which logs have instead of the path that the caller wrote.</summary>
    private static string Path(HttpContext context) => PatternOf(context) ?? "(no route)";

    private static string? PatternOf(HttpContext context)
    {
        var pattern = (context.GetEndpoint() as RouteEndpoint)?.RoutePattern.RawText;
        // The pattern of a group's own route ends with a slash.
        return pattern is { Length: > 1 } ? pattern.TrimEnd('/') : pattern;
    }
}
