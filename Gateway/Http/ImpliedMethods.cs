using AiPlatform.Gateway.Errors;

namespace AiPlatform.Gateway.Http;

/// <summary>
/// Adds the methods that HTTP expects of every route: HEAD wherever there is GET, and OPTIONS. A HEAD runs as a GET. The server sends no
/// body, because it remembers the original method.
/// </summary>
internal sealed class ImpliedMethods(RequestDelegate next)
{
    public async Task InvokeAsync(HttpContext context)
    {
        if (!HttpMethods.IsHead(context.Request.Method))
        {
            await next(context);
            return;
        }

        context.Request.Method = HttpMethods.Get;
        try
        {
            await next(context);
        }
        finally
        {
            context.Request.Method = HttpMethods.Head;
        }
    }

    /// <summary>Completes the framework's answer for a path without this method. Null for OPTIONS.</summary>
    public static InferenceError? Answer(HttpContext context)
    {
        var allowed = context.Response.Headers.Allow.ToString();
        if (allowed.Contains(HttpMethods.Get, StringComparison.Ordinal)) allowed += $", {HttpMethods.Head}";
        context.Response.Headers.Allow = $"{allowed}, {HttpMethods.Options}";
        if (!HttpMethods.IsOptions(context.Request.Method)) return Refusals.MethodNotAllowed(context.Request, allowed);

        context.Response.StatusCode = StatusCodes.Status204NoContent;
        return null;
    }
}
