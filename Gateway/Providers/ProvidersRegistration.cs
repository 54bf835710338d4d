namespace AiPlatform.Gateway.Providers;

/// <summary>Registers the calls to models of providers.</summary>
internal static class ProvidersRegistration
{
    extension(IServiceCollection services)
    {
        /// <summary>Adds the providers of the configuration, and the calls to them. Wrong settings stop the start.</summary>
        public void AddProviders()
        {
            services.AddSingleton<ProviderCatalog>();
            services.AddSingleton<ProviderMetrics>();
            services.AddSingleton<IProviderTransport, OpenAITransport>();
            services.AddSingleton<ProviderCaller>();
            services.AddSingleton<JsonAttempt>();
            services.AddSingleton<StreamAttempt>();
            services.AddSingleton<AnswerCache>();
            services.AddHostedService(provider => provider.GetRequiredService<AnswerCache>());
            services.AddSingleton<AnswerChecks>();
            services.AddSingleton<ProviderAnswers>();
            services.AddSingleton<ProviderStreams>();
            services.AddSingleton<ProviderCalls>();
            services.AddSingleton<ProviderQueues>();
        }
    }
}
