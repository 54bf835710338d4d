using AiPlatform.Jobs;
using AiPlatform.Jobs.Catalog;
using AiPlatform.Jobs.Leasing;
using AiPlatform.ServiceDefaults;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;

namespace AiPlatform.Benchmarks.Queue;

/// <summary>A process that leases, runs and commits jobs as an InferenceWorker does, but only has <see cref="NoopModel"/>.</summary>
internal static class NoopWorker
{
    /// <summary>The argument that runs this program as this worker.</summary>
    public const string Role = "noop-worker";

    /// <summary>Runs until it is stopped; prints <c>ready</c> when it is.</summary>
    public static async Task RunAsync()
    {
        BatchScheduling.Apply();
        var builder = Host.CreateApplicationBuilder();
        builder.AddServiceDefaults("noop-worker", HealthStatus.Unhealthy);
        builder.Services.AddJobStore();
        builder.Services.AddSingleton<NoopQueues>();
        builder.Services.AddSweeping<NoopQueues>();
        builder.Services.AddLeasing<NoopConsumer, NoopQueues>();

        using var host = builder.Build();
        await host.StartAsync();
        var beating = BeatAsync(host.Services, host.Services.GetRequiredService<IHostApplicationLifetime>().ApplicationStopping);
        await host.WaitForShutdownAsync();
        await beating;
    }

    private static async Task BeatAsync(IServiceProvider services, CancellationToken stoppingToken)
    {
        var time = services.GetRequiredService<TimeProvider>();
        var catalog = services.GetRequiredService<IWorkerCatalog>();
        var heartbeat = new WorkerHeartbeat
        {
            Worker = services.GetRequiredService<WorkerName>().Value,
            Host = Environment.MachineName,
            ProcessId = Environment.ProcessId,
            Device = "none",
            StartedAt = time.GetUtcNow(),
            Models = [new ModelLoad(NoopModel.Name, 0, 1)],
        };

        await catalog.BeatAsync(heartbeat, [NoopModel.Descriptor], stoppingToken);
        Console.WriteLine("ready");
        using var timer = new PeriodicTimer(services.GetRequiredService<IOptions<JobsOptions>>().Value.HeartbeatTtl / 3, time);
        try
        {
            while (await timer.WaitForNextTickAsync(stoppingToken))
                await catalog.BeatAsync(heartbeat, [NoopModel.Descriptor], stoppingToken);
        }
        catch (OperationCanceledException)
        {
            // It is stopped.
        }
    }
}
