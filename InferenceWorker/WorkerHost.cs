using AiPlatform.InferenceWorker.Consumers;
using AiPlatform.InferenceWorker.Heartbeat;
using AiPlatform.InferenceWorker.Loading;
using AiPlatform.Jobs;
using AiPlatform.ServiceDefaults;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace AiPlatform.InferenceWorker;

/// <summary>The worker's process.</summary>
internal static class WorkerHost
{
    /// <summary>The whole application, not started.</summary>
    public static WebApplication Build(string[] args)
    {
        var builder = ServiceProcess.CreateBuilder(args);
        builder.AddServiceDefaults("inference-worker", HealthStatus.Unhealthy);
        builder.Services.AddModels();
        builder.Services.AddSingleton<ModelJobs>();
        builder.Services.AddJobStore();
        builder.Services.AddSweeping<ServedModels>();
        builder.Services.AddHostedService<HeartbeatLoop>();
        builder.Services.AddLeasing<RunJobConsumer, ServedModels>();

        var app = builder.Build();
        app.MapDefaultEndpoints();
        app.MapMetrics();
        return app;
    }
}
