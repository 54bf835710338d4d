using AiPlatform.ServiceDefaults.Health;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace AiPlatform.Gateway.Catalog;

/// <summary>Registers the Gateway's view of the models.</summary>
internal static class CatalogRegistration
{
    extension(IServiceCollection services)
    {
        /// <summary>Adds <see cref="ModelCatalog"/>, the loop that keeps it up to date, and <see cref="WorkerWait"/>.</summary>
        public void AddModelCatalog()
        {
            services.AddSingleton<ModelCatalog>();
            services.AddHostedService(provider => provider.GetRequiredService<ModelCatalog>());
            services.AddSingleton<WorkerWait>();
            services.AddHealthChecks().AddCheck<CatalogHealthCheck>("catalog", HealthStatus.Unhealthy, [HealthTags.Ready]);
        }
    }
}

/// <summary>
/// Checks that the catalog has been read once. Before that, no model of a worker can be called. An outage at the start is only a
/// degradation.
/// </summary>
internal sealed class CatalogHealthCheck(ModelCatalog catalog) : IHealthCheck
{
    public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default) =>
        catalog.State switch
        {
            (HasRead: true, _) => Describe(await catalog.ReadAsync(cancellationToken)),
            (_, IsAway: true) => HealthCheckResult.Degraded("The catalog of models cannot be read: Redis does not serve."),
            _ => HealthCheckResult.Unhealthy("Not ready yet: the catalog of models has not been read."),
        };

    private static HealthCheckResult Describe(KnownModels models) => HealthCheckResult.Healthy(
        $"{models.Names.Count} models are known, {models.Workers} workers live, {models.Failures.Count} model folders could "
        + $"not be loaded.");
}
