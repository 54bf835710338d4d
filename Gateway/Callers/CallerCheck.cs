using AiPlatform.Gateway.Errors;
using AiPlatform.Gateway.Http;
using Microsoft.AspNetCore.Authorization;

namespace AiPlatform.Gateway.Callers;

/// <summary>
/// Lets in who presents a key, before anything of the request is read: 401 or 403 in the dialect of the path. Everything needs
/// one, also what is no route, but for the routes that say that they do not (<see cref="IAllowAnonymous"/>).
/// </summary>
internal sealed class CallerCheck(RequestDelegate next, ApiKeys keys)
{
    public Task InvokeAsync(HttpContext context)
    {
        var route = context.GetEndpoint()?.Metadata;
        if (route?.GetMetadata<IAllowAnonymous>() is not null) return next(context);

        // :: Step 1: admit. Who calls is known by the key.
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
