using Microsoft.AspNetCore.Http.Features;

namespace AiPlatform.Gateway.Callers;

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
