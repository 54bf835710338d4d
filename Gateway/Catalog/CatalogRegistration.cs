namespace AiPlatform.Gateway.Catalog;

/// <summary>Registers the Gateway's view of the models.</summary>
internal static class CatalogRegistration
{
    extension(IServiceCollection services)
    {
        /// <summary>Adds <see cref="ModelCatalog"/> and the loop that keeps it up to date.</summary>
        public void AddModelCatalog()
        {
            services.AddSingleton<ModelCatalog>();
            services.AddHostedService(provider => provider.GetRequiredService<ModelCatalog>());
        }
    }
}
