using AiPlatform.Gateway.Providers.Attempts;
using AiPlatform.Gateway.Providers.Routing;
using AiPlatform.Gateway.Providers.Streams;
using AiPlatform.Gateway.Providers.Transport;
using AiPlatform.Gateway.Providers.Whole;

namespace AiPlatform.Gateway.Providers;

/// <summary>Registers the calls to models of providers.</summary>
internal static class ProvidersRegistration
{
    extension(IServiceCollection services)
    {
        /// <summary>Adds the providers of the configuration, and the calls to them. Invalid settings stop the start.</summary>
        public void AddProviders()
        {
            services.AddSingleton<ProviderCatalog>();
            services.AddSingleton<ProviderMetrics>();
            services.AddSingleton<IProviderTransport, OpenAITransport>();
            services.AddSingleton<RetryLoop>();
            services.AddSingleton<WholeAttempt>();
            services.AddSingleton<StreamAttempt>();
            services.AddSingleton<AnswerCache>();
            services.AddHostedService(provider => provider.GetRequiredService<AnswerCache>());
            services.AddSingleton<AnswerChecks>();
            services.AddSingleton<WholeAnswers>();
            services.AddSingleton<ProviderStreams>();
            services.AddSingleton<DirectCalls>();
            services.AddSingleton<ProviderQueues>();
        }
    }
}
