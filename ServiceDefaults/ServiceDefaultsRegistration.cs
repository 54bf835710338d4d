using AiPlatform.ServiceDefaults.Configuration;
using AiPlatform.ServiceDefaults.Health;
using AiPlatform.ServiceDefaults.Loops;
using AiPlatform.ServiceDefaults.Redis;
using AiPlatform.ServiceDefaults.Resilience;
using AiPlatform.ServiceDefaults.Telemetry;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;

namespace AiPlatform.ServiceDefaults;

/// <summary>Registers what Gateway and InferenceWorker have in common.</summary>
public static class ServiceDefaultsRegistration
{
    extension(IHostApplicationBuilder builder)
    {
        /// <summary>Adds secrets from files, telemetry, health checks, resilience pipelines and the Redis connection.</summary>
        /// <param name="serviceName">Name in traces and metrics.</param>
        /// <param name="withoutRedis">The health status of the process while Redis cannot be reached.</param>
        public IHostApplicationBuilder AddServiceDefaults(string serviceName, HealthStatus withoutRedis)
        {
            ServiceProcess.AddQuietStart(builder);
            builder.Configuration.AddSecretFiles();
            builder.AddTelemetry(serviceName, [HealthEndpoints.ReadyPath, HealthEndpoints.LivePath]);
            builder.Services.AddSingleton(provider => ActivatorUtilities.CreateInstance<UnknownSettings>(provider, builder.Services));
            builder.Services.AddHostedService(provider => provider.GetRequiredService<UnknownSettings>());
            builder.AddRedisClientNamedRedis();
            builder.Services.AddResiliencePipelines();
            builder.Services.AddSingleton<BackgroundLoops>();
            builder.Services.AddHealthChecks()
                .AddCheck<RedisHealthCheck>("redis", withoutRedis, [HealthTags.Ready])
                .AddCheck<BackgroundWorkHealthCheck>("background", HealthStatus.Degraded, [HealthTags.Ready])
                .AddCheck<BackgroundLoopsHealthCheck>("loops", HealthStatus.Unhealthy, [HealthTags.Live]);
            builder.Services.AddOptionsWithValidateOnStart<ShutdownOptions, ShutdownOptionsValidator>().BindConfiguration(
                ShutdownOptions.SectionName);
            builder.Services.AddSingleton<IValidateOptions<ShutdownOptions>, ShutdownOrderCheck>();
            builder.Services.AddOptions<HostOptions>().Configure<IOptions<ShutdownOptions>>(
                (host, shutdown) => host.ShutdownTimeout = shutdown.Value.Timeout);
            return builder;
        }
    }

    extension(WebApplication app)
    {
        /// <summary>Runs until it is stopped.</summary>
        /// <returns>
        /// The exit code: 0, or 1 when a failed background loop ended the process, so that an orchestrator restarts it.
        /// </returns>
        public Task<int> RunToExitCodeAsync() => ServiceProcess.RunAsync(app);

        /// <summary>Maps <c>/health</c> (readiness) and <c>/alive</c> (liveness).</summary>
        public WebApplication MapDefaultEndpoints()
        {
            HealthEndpoints.Map(app);
            return app;
        }

        /// <summary>Maps <c>/metrics</c> for Prometheus, if it is wanted here; see <see cref="MetricsOptions"/>.</summary>
        /// <returns>The route, whose callers are for the process to check; null when there is none here.</returns>
        public IEndpointConventionBuilder? MapMetrics() => MetricsServer.Map(app);
    }
}
