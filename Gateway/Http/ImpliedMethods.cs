using AiPlatform.Gateway.Errors;

namespace AiPlatform.Gateway.Http;

/// <summary>
/// What HTTP expects of every route besides its own methods: HEAD wherever there is GET, and OPTIONS. A HEAD is run as the GET that it
/// stands for; the server sends no body, since it remembers what was asked.
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

    /// <summary>Completes what the framework says of a path without this method. Null when OPTIONS asked just that.</summary>
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
