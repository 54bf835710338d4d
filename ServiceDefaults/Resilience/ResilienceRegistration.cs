using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;
using Polly;

namespace AiPlatform.ServiceDefaults.Resilience;

/// <summary>Registers the named resilience pipelines.</summary>
public static class ResilienceRegistration
{
    /// <summary>Longest wait for the answer of one Redis command. A healthy one answers within milliseconds.</summary>
    public static readonly TimeSpan RedisCallTimeout = TimeSpan.FromSeconds(3);

    extension(IServiceCollection services)
    {
        /// <summary>Adds the pipelines of every process.</summary>
        public IServiceCollection AddResiliencePipelines()
        {
            services.TryAddSingleton(TimeProvider.System);
            // Polly would log each call during an outage; the callers log its beginning and its end once.
            services.AddLogging(logging => logging.AddFilter("Polly", LogLevel.None));
            return services.AddTimedPipeline(ResiliencePipelineNames.RedisCall, pipeline => pipeline.AddTimeout(RedisCallTimeout));
        }

        /// <summary>Adds a pipeline that uses the process' <see cref="TimeProvider"/>.</summary>
        /// <param name="name">One of <see cref="ResiliencePipelineNames"/>.</param>
        /// <param name="configure">Adds the strategies, the outermost first.</param>
        public IServiceCollection AddTimedPipeline(string name, Action<ResiliencePipelineBuilder> configure) =>
            services.AddResiliencePipeline(name, (pipeline, context) =>
            {
                pipeline.TimeProvider = context.ServiceProvider.GetRequiredService<TimeProvider>();
                configure(pipeline);
            });
    }
}

/// <summary>The named resilience pipelines that both processes use.</summary>
public static class ResiliencePipelineNames
{
    /// <summary>One call to Redis: a time limit, no retry.</summary>
    public const string RedisCall = "redis-call";

    /// <summary>Writes that must not be lost (a result): retried with a back-off until Redis accepts them or minutes have passed.</summary>
    public const string RedisCommit = "redis-commit";
}
