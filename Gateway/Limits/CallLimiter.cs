using AiPlatform.Gateway.Callers;
using AiPlatform.Jobs.Limits;

namespace AiPlatform.Gateway.Limits;

/// <summary>Applies the limits of tenants and keys to calls, in the same way for all routes, own models and models of providers.</summary>
internal sealed class CallLimiter(ILimitStore store, CallSlots slots, LimitMetrics metrics, ILogger<CallLimiter> logger)
{
    /// <summary>The limits of a request; null when its caller has none. The same request gets the same object.</summary>
    public LimitedCall? Of(HttpContext context)
    {
        if (context.Caller.Limits is not { } caller) return null;
        if (context.Features.Get<LimitedCall>() is { } known) return known;

        var limited = new LimitedCall(caller, context.Response, store, slots, metrics, logger);
        context.Features.Set(limited);
        return limited;
    }

    /// <summary>Ends the limited call of a request, if it has one.</summary>
    public static Task EndAsync(HttpContext context) =>
        context.Features.Get<LimitedCall>() is { } limited ? limited.EndAsync() : Task.CompletedTask;
}
