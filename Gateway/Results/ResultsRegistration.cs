using AiPlatform.Gateway.Results.Following;
using AiPlatform.Jobs.Redis;

namespace AiPlatform.Gateway.Results;

/// <summary>Registers the services that deliver results to waiting requests.</summary>
internal static class ResultsRegistration
{
    extension(IServiceCollection services)
    {
        /// <summary>Adds the waiters, the followers, and the loops that pass ends and events of jobs to them.</summary>
        public void AddJobResults()
        {
            services.AddSingleton(new GatewayName(ProcessName.Make()));
            services.AddSingleton<AwaitedJobs>();
            services.AddSingleton<JobLookup>();
            services.AddSingleton<FollowedJobs>();
            services.AddSingleton<JobFollowing>();
            services.AddSingleton<FollowLooks>();
            services.AddHostedService(provider => provider.GetRequiredService<FollowLooks>());
            services.AddHostedService<FollowPoller>();
            services.AddSingleton<ResultReader>();
            services.AddHostedService(provider => provider.GetRequiredService<ResultReader>());
            services.AddHostedService<ResultPoller>();
            services.AddHostedService<ResultListener>();
        }
    }
}
