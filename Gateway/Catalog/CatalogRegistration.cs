using AiPlatform.ServiceDefaults.Health;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace AiPlatform.Gateway.Catalog;

/// <summary>Registers the Gateway's view of the models.</summary>
internal static class CatalogRegistration
{
    extension(IServiceCollection services)
    {
        /// <summary>Adds <see cref="ModelCatalog"/>, the loop that keeps it up to date, and what waits for workers.</summary>
        public void AddModelCatalog()
        {
            services.AddSingleton<ModelCatalog>();
            services.AddHostedService(provider => provider.GetRequiredService<ModelCatalog>());
            services.AddSingleton<WorkerWait>();
            services.AddHealthChecks().AddCheck<CatalogHealthCheck>("catalog", HealthStatus.Unhealthy, [HealthTags.Ready]);
        }
    }
}
