using AiPlatform.Jobs.Limits;
using Microsoft.AspNetCore.Http.Features;

namespace AiPlatform.Gateway.Callers;

/// <summary>The caller of a request.</summary>
/// <param name="Tenant">The tenant whose jobs it sees.</param>
/// <param name="IsOperator">Whether it may read and control the queues of all tenants.</param>
internal sealed record Caller(string Tenant, bool IsOperator)
{
    /// <summary>The limits of its calls to models; null when it has none.</summary>
    public LimitedCaller? Limits { get; init; }
}

/// <summary>Gives handlers the caller of their request.</summary>
internal static class CallerAccess
{
    extension(HttpContext context)
    {
        /// <summary>Set by <see cref="CallerCheck"/> on every route that needs a key.</summary>
        public Caller Caller
        {
            get => context.Features.GetRequiredFeature<Caller>();
            set => context.Features.Set(value);
        }
    }
}
