using AiPlatform.Gateway.Admission;
using AiPlatform.Gateway.Jobs;
using AiPlatform.Gateway.Submission;
using AiPlatform.Gateway.Telemetry;

namespace AiPlatform.Gateway.Calls;

/// <summary>Registers the services that turn calls into jobs.</summary>
internal static class CallsRegistration
{
    extension(IServiceCollection services)
    {
        /// <summary>Adds admission, submission and the endpoints' own services.</summary>
        public void AddJobCalls()
        {
            services.AddSingleton<GrammarAdmission>();
            services.AddSingleton<CallAdmission>();
            services.AddSingleton<JobCalls>();
            services.AddSingleton<MeasuredCalls>();
            services.AddSingleton<ModelCalls>();
            services.AddSingleton<TaskStreams>();
            services.AddSingleton<OwnJobs>();
            services.AddSingleton<GatewayMetrics>();
        }
    }
}
