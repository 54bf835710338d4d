using Microsoft.AspNetCore.Http.Features;

namespace AiPlatform.Gateway.Callers;

/// <summary>Who calls.</summary>
/// <param name="Tenant">Whose jobs it sees.</param>
/// <param name="IsOperator">Whether it may see and run the queues of everybody.</param>
internal sealed record Caller(string Tenant, bool IsOperator);

/// <summary>Where handlers find who calls.</summary>
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
