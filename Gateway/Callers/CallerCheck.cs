using AiPlatform.Gateway.Errors;
using AiPlatform.Gateway.Http;
using Microsoft.AspNetCore.Authorization;

namespace AiPlatform.Gateway.Callers;

/// <summary>
/// Lets callers in by their key before the body is read; others get 401 or 403 in the dialect of the path. Every path needs a key, even
/// without a route, except for routes that are marked otherwise (<see cref="IAllowAnonymous"/>).
/// </summary>
internal sealed class CallerCheck(RequestDelegate next, ApiKeys keys)
{
    public Task InvokeAsync(HttpContext context)
    {
        var route = context.GetEndpoint()?.Metadata;
        if (route?.GetMetadata<IAllowAnonymous>() is not null) return next(context);

        // :: Step 1: admit. The key identifies the caller.
        if (!keys.TryIdentify(context.Request.Headers.Authorization, out var caller, out var unknown))
        {
            context.Response.Headers.WWWAuthenticate = "Bearer";
            return RefuseAsync(context, unknown);
        }

        if (!caller.IsOperator && route?.GetMetadata<OperatorOnly>() is not null) return RefuseAsync(context, Refusals.Forbidden());

        context.Caller = caller;
        return next(context);
    }

    private static Task RefuseAsync(HttpContext context, InferenceError error) => Dialect.Of(context).Answer(error).ExecuteAsync(context);
}

/// <summary>Marks routes that only an operator may call.</summary>
internal sealed class OperatorOnly
{
    public static OperatorOnly Mark { get; } = new();
}
