using AiPlatform.Gateway.Configuration;
using AiPlatform.Gateway.Errors;
using AiPlatform.Gateway.Http;
using Microsoft.AspNetCore.Cors.Infrastructure;
using Microsoft.Extensions.Options;

namespace AiPlatform.Gateway.Sites;

/// <summary>Lets browsers pass answers to pages of <see cref="GatewayOptions.CorsOrigins"/>, and to no others.</summary>
internal static class CorsRegistration
{
    private static readonly TimeSpan PreflightMaxAge = TimeSpan.FromMinutes(10);

    extension(IServiceCollection services)
    {
        /// <summary>Adds the one policy, which is the default of every route.</summary>
        public void AddCorsOrigins()
        {
            services.AddSingleton<IValidateOptions<GatewayOptions>, SiteOptionsCheck>();
            services.AddCors();
            services.AddOptions<CorsOptions>().Configure<IOptions<GatewayOptions>>((cors, gateway) => cors.AddDefaultPolicy(policy => policy
                .WithOrigins(gateway.Value.CorsOrigins)
                .AllowAnyMethod()
                .AllowAnyHeader()
                .WithExposedHeaders(
                    [RequestId.Header, CallHeaders.JobIdName, CallHeaders.ModelName, CallHeaders.ProviderName,
                        CallHeaders.AttemptsName, CallHeaders.AttemptFailuresName, "Location", "Preference-Applied", "Retry-After",
                        .. CallHeaders.OfLimits])
                .SetPreflightMaxAge(PreflightMaxAge)));
        }
    }
}
