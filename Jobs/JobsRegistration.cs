using AiPlatform.Jobs.Answers;
using AiPlatform.Jobs.Catalog;
using AiPlatform.Jobs.Idempotency;
using AiPlatform.Jobs.Leasing;
using AiPlatform.Jobs.Limits;
using AiPlatform.Jobs.Redis;
using AiPlatform.Jobs.Store;
using AiPlatform.Jobs.Telemetry;
using AiPlatform.Jobs.Usage;
using AiPlatform.ServiceDefaults.Resilience;
using MassTransit;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Polly;
using Polly.Retry;

namespace AiPlatform.Jobs;

/// <summary>Registers the queue.</summary>
public static class JobsRegistration
{
    extension(IServiceCollection services)
    {
        /// <summary>Adds the job store, the catalog of workers and their settings, which every process needs.</summary>
        public IServiceCollection AddJobStore()
        {
            services.AddOptionsWithValidateOnStart<JobsOptions, JobsOptionsValidator>().BindConfiguration(JobsOptions.SectionName);
            services.AddTimedPipeline(ResiliencePipelineNames.RedisCommit, RetryUntilTaken);
            services.AddSingleton<ScriptRunner>();
            services.AddSingleton<IJobStore, JobStore>();
            services.AddSingleton<IQueueOperations, QueueOperations>();
            services.AddSingleton<IIdempotencyKeys, IdempotencyKeys>();
            services.AddSingleton<IAnswerStore, AnswerStore>();
            services.AddSingleton<ILimitStore, LimitStore>();
            services.AddSingleton<IUsageStore, UsageStore>();
            services.AddSingleton<UsageLedger>();
            services.AddHostedService(provider => provider.GetRequiredService<UsageLedger>());
            services.AddSingleton<IWorkerCatalog, WorkerCatalog>();
            services.AddSingleton<RedisSubscriptions>();
            services.AddSingleton<JobMetrics>();
            return services;
        }

        /// <summary>Sweeps the queues that <typeparamref name="TQueues"/> (registered by the caller) names.</summary>
        public IServiceCollection AddSweeping<TQueues>()
            where TQueues : class, ISweptQueues
        {
            services.AddSingleton<ISweptQueues>(provider => provider.GetRequiredService<TQueues>());
            services.AddHostedService<SweepLoop>();
            return services;
        }

        /// <summary>
        /// Leases the jobs of the queues that <typeparamref name="TQueues"/> (registered by the caller) names, and runs each with
        /// <typeparamref name="TConsumer"/>.
        /// </summary>
        public IServiceCollection AddLeasing<TConsumer, TQueues>()
            where TConsumer : class, IConsumer<RunJob>
            where TQueues : class, ILeasedQueues
        {
            services.AddOptionsWithValidateOnStart<LeasingOptions, LeasingOptionsValidator>()
                .BindConfiguration(LeasingOptions.SectionName);
            services.AddSingleton<IValidateOptions<LeasingOptions>, DrainOrderCheck>();
            services.AddMassTransit(bus =>
            {
                // MassTransit would send usage data about this system to its makers.
                bus.DisableUsageTelemetry();
                bus.AddConsumer<TConsumer>();
                bus.UsingInMemory((_, endpoints) =>
                {
                    endpoints.ClearSerialization();
                    endpoints.UseRawJsonSerializer();
                });
            });
            services.AddSingleton(new WorkerName(ProcessName.Make()));
            services.AddSingleton<RunningJobs>();
            services.AddSingleton<LeaseGate>();
            services.AddSingleton<LeasedJobRunner>();
            services.AddSingleton<JobSinks>();
            services.AddSingleton<IJobDispatcher, ConsumerDispatcher<TConsumer>>();
            services.AddSingleton<ILeasedQueues>(provider => provider.GetRequiredService<TQueues>());
            // Hosted services stop in reverse order, so leases are still renewed while leasing drains.
            services.AddHostedService<LeaseRenewer>();
            services.AddHostedService<LeasingService>();
            return services;
        }
    }

    /// <summary>Retries for about five minutes, which is longer than any useful lease.</summary>
    private static void RetryUntilTaken(ResiliencePipelineBuilder pipeline) => pipeline.AddRetry(new RetryStrategyOptions
    {
        ShouldHandle = new PredicateBuilder().Handle<QueueUnavailableException>(),
        BackoffType = DelayBackoffType.Exponential,
        Delay = TimeSpan.FromMilliseconds(100),
        MaxDelay = TimeSpan.FromSeconds(2),
        MaxRetryAttempts = 150,
        UseJitter = true,
    });
}
