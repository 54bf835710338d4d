using AiPlatform.InferenceWorker.Loading;
using AiPlatform.InferenceWorker.Telemetry;
using AiPlatform.Jobs;
using AiPlatform.Jobs.Catalog;
using AiPlatform.Jobs.Leasing;
using AiPlatform.ServiceDefaults.Loops;
using Microsoft.Extensions.Options;

namespace AiPlatform.InferenceWorker.Heartbeat;

/// <summary>
/// Writes a heartbeat every few seconds, with the models that this worker serves and, once loading has ended, those that it could not load.
/// Removes the worker when it stops.
/// </summary>
internal sealed class HeartbeatLoop(
    BackgroundLoops loops,
    ServedModels models,
    WorkerName worker,
    RunningJobs running,
    IWorkerCatalog catalog,
    IOptions<JobsOptions> options,
    TimeProvider time,
    ILogger<HeartbeatLoop> logger) : LoopService(loops)
{
    private static readonly TimeSpan GoodbyeLimit = TimeSpan.FromSeconds(2);

    private readonly DateTimeOffset _startedAt = time.GetUtcNow();

    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken);
        if (!models.IsAnnounced) return;

        using var limit = new CancellationTokenSource(GoodbyeLimit, time);
        try
        {
            await catalog.LeaveAsync(worker.Value, limit.Token);
        }
        catch (Exception unreachable) when (unreachable is QueueUnavailableException or OperationCanceledException)
        {
            Log.HeartbeatFailed(logger, unreachable.Message);
        }
    }

    protected override TimeSpan Interval => options.Value.HeartbeatTtl / 3;

    protected override async Task TurnAsync(BackgroundLoop loop, CancellationToken stoppingToken)
    {
        await models.LoadingEnded.WaitAsync(stoppingToken);
        await catalog.BeatAsync(Beat(), [.. models.Loaded.Select(model => model.Describe())], stoppingToken);
        models.Announced();
    }

    private WorkerHeartbeat Beat() => new()
    {
        Worker = worker.Value,
        Host = Environment.MachineName,
        ProcessId = Environment.ProcessId,
        Device = models.Device?.Name ?? "none",
        StartedAt = _startedAt,
        Models =
        [
            .. models.Loaded.Select(model => new ModelLoad(
                model.Manifest.Name, running.CountOf(QueueName.ForModel(model.Manifest.Name)), model.Capacity) { Device = model.Device }),
        ],
        Failures = [.. models.Refused.Take(WorkerHeartbeat.MostFailures).Select(one => ModelFailure.Of(one.Folder, one.Problem!))],
    };
}
