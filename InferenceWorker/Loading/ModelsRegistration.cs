using AiPlatform.InferenceWorker.Batching;
using AiPlatform.InferenceWorker.Models;
using AiPlatform.InferenceWorker.Telemetry;
using AiPlatform.ServiceDefaults.Health;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace AiPlatform.InferenceWorker.Loading;

/// <summary>Registers the models and their loading.</summary>
internal static class ModelsRegistration
{
    extension(IServiceCollection services)
    {
        /// <summary>
        /// Adds the models. Call it before leasing is added: services that start first stop last, so the models outlive the draining jobs.
        /// </summary>
        public IServiceCollection AddModels()
        {
            services.AddOptionsWithValidateOnStart<ModelOptions, ModelOptionsValidator>().BindConfiguration(ModelOptions.SectionName);
            services.AddOptionsWithValidateOnStart<GenerationOptions, GenerationOptionsValidator>()
                .BindConfiguration(GenerationOptions.SectionName);
            services.TryAddSingleton(TimeProvider.System);
            services.AddSingleton<BatchMetrics>();
            services.AddSingleton<GenerationMetrics>();
            services.AddSingleton<ServedModels>();
            services.AddHostedService<ModelLoader>();
            services.AddHealthChecks().AddCheck<ModelsHealthCheck>("models", HealthStatus.Unhealthy, [HealthTags.Ready]);
            return services;
        }
    }
}
