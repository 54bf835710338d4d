using AiPlatform.InferenceWorker.Batching;
using AiPlatform.InferenceWorker.Models;
using AiPlatform.InferenceWorker.Tasks;
using AiPlatform.InferenceWorker.Telemetry;
using AiPlatform.ServiceDefaults.Loops;
using Microsoft.Extensions.Options;

namespace AiPlatform.InferenceWorker.Loading;

/// <summary>
/// Loads the models once at start, one after another, and then watches their device threads. A thread that dies ends this loop, and thus
/// liveness and the process.
/// </summary>
internal sealed class ModelLoader(
    BackgroundLoops loops, ServedModels models, BatchMetrics metrics, GenerationMetrics generationMetrics,
    IOptions<ModelOptions> options, IOptions<GenerationOptions> generation, TimeProvider time, ILogger<ModelLoader> logger)
    : LoopService(loops)
{
    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken);
        foreach (var model in models.Loaded) model.Stop();
        await Task.WhenAll(models.Loaded.Select(model => model.Completion))
            .WaitAsync(cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    protected override async Task TurnAsync(BackgroundLoop loop, CancellationToken stoppingToken)
    {
        await Task.Run(() => LoadAll(stoppingToken), stoppingToken);

        var never = Task.Delay(Timeout.InfiniteTimeSpan, time, stoppingToken);
        await await Task.WhenAny([never, .. models.Loaded.Select(model => model.Completion)]);
        throw new InvalidOperationException("The device threads of a model have ended.");
    }

    private void LoadAll(CancellationToken cancellationToken)
    {
        var candidates = ModelFolders.Scan(options.Value);
        var device = ChooseDevice(out var problem);
        for (var i = 0; i < candidates.Count; i++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            models.Loading(i + 1, candidates.Count);
            Load(candidates[i], device, problem);
        }

        models.EndLoading();
        if (models.Loaded.Count > 0) Log.ModelsReady(logger, models.Loaded.Count, models.Refused.Count);
        else Log.NoModels(logger);
    }

    private ExecutionDevice? ChooseDevice(out string? problem)
    {
        problem = null;
        try
        {
            var device = ExecutionDeviceChoice.Choose(options.Value);
            Log.DeviceChosen(logger, device.Name, device.Reason);
            models.RunOn(device);
            return device;
        }
        catch (ModelProblemException impossible)
        {
            problem = impossible.Message;
            return null;
        }
    }

    private void Load(ModelCandidate candidate, ExecutionDevice? device, string? deviceProblem)
    {
        var start = time.GetTimestamp();
        try
        {
            if (candidate.Manifest is not { } manifest) throw new ModelProblemException(candidate.Problem!);
            if (device is null) throw new ModelProblemException(deviceProblem!);

            var services = new ModelServices(device, options.Value, metrics, time, logger)
            {
                Generation = generation.Value,
                GenerationMetrics = generationMetrics,
            };
            models.Add(WorkerTasks.Find(manifest.Task)!.Load(manifest, services));
            Log.ModelLoaded(logger, manifest.Name, time.GetElapsedTime(start));
        }
        catch (ModelProblemException problem)
        {
            models.Refuse(candidate, problem.Message);
            Log.ModelRefused(logger, candidate.Name, problem.Message);
        }
    }
}
