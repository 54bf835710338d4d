using AiPlatform.Gateway.Results.Following;
using AiPlatform.Jobs.Redis;

namespace AiPlatform.Gateway.Results;

/// <summary>Registers what brings results back to the requests that wait for them.</summary>
internal static class ResultsRegistration
{
    extension(IServiceCollection services)
    {
        /// <summary>Adds the waiters, the followers, and the loops that tell them of their jobs' ends and events.</summary>
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
