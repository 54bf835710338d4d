using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Polly;
using Polly.Registry;
using Polly.Timeout;

namespace AiPlatform.ServiceDefaults.Resilience;

/// <summary>Registers the named resilience pipelines.</summary>
public static class ResilienceRegistration
{
    /// <summary>Longest wait for the answer of one Redis command. A healthy one answers within milliseconds.</summary>
    public static readonly TimeSpan RedisCallTimeout = TimeSpan.FromSeconds(3);

    extension(IServiceCollection services)
    {
        /// <summary>Adds the registry and the pipelines that belong to every process.</summary>
        public IServiceCollection AddResiliencePipelines()
        {
            services.TryAddSingleton(TimeProvider.System);
            services.AddSingleton(new NamedResiliencePipeline(
                ResiliencePipelineNames.RedisCall,
                pipeline => pipeline.AddTimeout(new TimeoutStrategyOptions { Timeout = RedisCallTimeout })));
            services.TryAddSingleton<ResiliencePipelineProvider<string>>(BuildRegistry);
            return services;
        }
    }

    private static ResiliencePipelineRegistry<string> BuildRegistry(IServiceProvider provider)
    {
        var registry = new ResiliencePipelineRegistry<string>();
        foreach (var pipeline in provider.GetServices<NamedResiliencePipeline>())
        {
            registry.TryAddBuilder(pipeline.Name, (builder, _) =>
            {
                builder.TimeProvider = provider.GetRequiredService<TimeProvider>();
                pipeline.Configure(builder);
            });
        }

        return registry;
    }
}
