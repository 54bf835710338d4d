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
        /// <summary>To be added before leasing: what starts first stops last, and the models outlive the jobs that drain.</summary>
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
