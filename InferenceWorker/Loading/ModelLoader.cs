using AiPlatform.InferenceWorker.Batching;
using AiPlatform.InferenceWorker.Files;
using AiPlatform.InferenceWorker.Models;
using AiPlatform.InferenceWorker.Tasks;
using AiPlatform.InferenceWorker.Telemetry;
using AiPlatform.Jobs.Leasing;
using AiPlatform.ServiceDefaults.Loops;
using AiPlatform.ServiceDefaults.Telemetry;
using Microsoft.Extensions.Options;

namespace AiPlatform.InferenceWorker.Loading;

/// <summary>
/// Loads the models at start, one after another, and then looks at their folder again and again: a model that is new or has changed is
/// loaded, and takes the place of its older version once it is warm; one that is gone is unloaded when its jobs have ended. A device thread
/// that dies ends this loop, and thus liveness and the process.
/// </summary>
internal sealed class ModelLoader(
    BackgroundLoops loops, ServedModels models, RunningJobs running, BatchMetrics metrics, GenerationMetrics generationMetrics,
    IOptions<ModelOptions> options, IOptions<GenerationOptions> generation, TimeProvider time, ILogger<ModelLoader> logger)
    : LoopService(loops)
{
    /// <summary>How often leaving models are looked at, so that they are unloaded soon after their last job.</summary>
    private static readonly TimeSpan LeavingInterval = TimeSpan.FromMilliseconds(200);

    private readonly string _root = Path.GetFullPath(options.Value.Path);
    private readonly ModelsFolderWatch _watch = new(Path.GetFullPath(options.Value.Path));

    /// <summary>Models that finish their jobs.</summary>
    private readonly List<ModelInUse> _leaving = [];

    /// <summary>Models whose threads end.</summary>
    private readonly List<ILoadedModel> _stopping = [];

    /// <summary>The loaded model of each folder.</summary>
    private readonly Dictionary<string, ModelInUse> _byFolder = new(StringComparer.Ordinal);

    /// <summary>Why the last version of a folder could not be loaded.</summary>
    private readonly Dictionary<string, ModelCandidate> _failed = new(StringComparer.Ordinal);

    private ExecutionDevice? _device;
    private string? _deviceProblem;
    private bool _hasLoaded;
    private long _lookedAt;

    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken);
        List<ILoadedModel> all = [.. models.Loaded, .. _leaving.Select(one => one.Model), .. _stopping];
        foreach (var model in all) model.Stop();
        await Task.WhenAll(all.Select(model => model.Completion))
            .WaitAsync(cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    protected override async Task TurnAsync(BackgroundLoop loop, CancellationToken stoppingToken)
    {
        if (!_hasLoaded)
        {
            await WhileTheyLiveAsync(() => Task.Run(() => LoadAll(stoppingToken), stoppingToken));
            _hasLoaded = true;
            _lookedAt = time.GetTimestamp();
        }

        await WhileTheyLiveAsync(() => Task.Delay(Pause(), time, stoppingToken));
        Unload();
        if (options.Value.WatchInterval == TimeSpan.Zero || time.GetElapsedTime(_lookedAt) < options.Value.WatchInterval) return;

        await WhileTheyLiveAsync(() => Task.Run(() => Look(loop), CancellationToken.None));
        _lookedAt = time.GetTimestamp();
    }

    private TimeSpan Pause()
    {
        if (_leaving.Count > 0 || _stopping.Count > 0) return LeavingInterval;
        return options.Value.WatchInterval > TimeSpan.Zero ? options.Value.WatchInterval : Timeout.InfiniteTimeSpan;
    }

    /// <summary>Does work, which may change the models, and waits for it, but not beyond the death of a model's device threads.</summary>
    private async Task WhileTheyLiveAsync(Func<Task> work)
    {
        List<Task> threads = [.. models.Loaded.Concat(_leaving.Select(one => one.Model)).Select(model => model.Completion)];
        var task = work();
        var first = await Task.WhenAny([task, .. threads]);
        await first;
        if (first != task) throw new InvalidOperationException("The device threads of a model have ended.");
    }

    private void LoadAll(CancellationToken cancellationToken)
    {
        var folders = Directory.Exists(_root) ? _watch.Begin() : [];
        var candidates = ModelFolders.Scan(options.Value);
        ChooseDevice();
        for (var i = 0; i < candidates.Count; i++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            models.Loading(i + 1, candidates.Count);
            if (candidates[i].Manifest is not null) Load(candidates[i]);
            Report(candidates);
        }

        _watch.Handled(folders);
        models.EndLoading();
        if (models.Loaded.Count > 0) Log.ModelsReady(logger, models.Loaded.Count, models.Refused.Count);
        else Log.NoModels(logger);
    }

    private void ChooseDevice()
    {
        try
        {
            _device = ExecutionDeviceChoice.Choose(options.Value);
            Log.DeviceChosen(logger, _device.Name, _device.Reason);
            models.RunOn(_device);
        }
        catch (ModelProblemException impossible)
        {
            _deviceProblem = impossible.Message;
        }
    }

    /// <summary>Takes up what has changed. While the folder cannot be read, everything is served as it is.</summary>
    private void Look(BackgroundLoop loop)
    {
        try
        {
            if (_watch.Look() is { Settled.Count: > 0 } changes) TakeUp(changes);
        }
        catch (Exception unreadable) when (unreadable is IOException or UnauthorizedAccessException)
        {
            loop.Suffer($"The models' folder cannot be read: {unreadable.Message}");
        }
    }

    private void TakeUp(FolderChanges changes)
    {
        var all = ModelFolders.ScanAll(_root);
        var wanted = ModelFolders.Wanted(all, options.Value);
        foreach (var folder in changes.Settled) _failed.Remove(folder);
        foreach (var candidate in wanted.Where(one => one.Manifest is not null && !changes.Unsettled.Contains(one.Folder)))
        {
            // A folder that was refused because of another one has not changed itself.
            var isNew = !_byFolder.ContainsKey(candidate.Folder) && !_failed.ContainsKey(candidate.Folder);
            if (isNew || changes.Settled.Contains(candidate.Folder)) Load(candidate);
        }

        foreach (var folder in changes.Settled)
        {
            var isOther = all.Find(one => one.Folder == folder) is { Manifest: not null } found && !wanted.Contains(found);
            if ((changes.Gone.Contains(folder) || isOther) && _byFolder.Remove(folder, out var gone)) EndLeasing(gone);
        }

        _watch.Handled(changes.Settled);
        Report([.. wanted.Where(one => !changes.Unsettled.Contains(one.Folder))]);
    }

    private void Load(ModelCandidate candidate)
    {
        var (manifest, folder, start) = (candidate.Manifest!, candidate.Folder, time.GetTimestamp());
        try
        {
            if (_device is null) throw new ModelProblemException(_deviceProblem!);
            var services = new ModelServices(_device, options.Value, metrics, time, logger)
            {
                Generation = generation.Value,
                GenerationMetrics = generationMetrics,
            };
            var loaded = WorkerTasks.Find(manifest.Task)!.Load(manifest, services);
            if (models.Add(loaded) is { } replaced) Replaced(replaced);
            var before = _byFolder.GetValueOrDefault(folder);
            _byFolder[folder] = models.Find(manifest.Name)!;
            // The folder's model has another name now.
            if (before is not null && before.Model.Manifest.Name != manifest.Name) EndLeasing(before);
            Log.ModelLoaded(logger, manifest.Name, time.GetElapsedTime(start));
        }
        catch (ModelProblemException problem)
        {
            Fail(problem.Message);
        }
#pragma warning disable CA1031 // Whatever a model's files make a library throw, the other models are served
        catch (Exception unforeseen)
        {
            Log.LoadingThrew(logger, unforeseen, manifest.Name);
            Fail($"{folder}: loading it failed: {PrintableText.Of(unforeseen.Message)}");
        }
#pragma warning restore CA1031

        void Fail(string problem) => _failed[folder] = candidate with { Manifest = null, Problem = problem };
    }

    /// <summary>The older version, perhaps of another folder, gets no more jobs, and is unloaded when its last one has ended.</summary>
    private void Replaced(ModelInUse older)
    {
        foreach (var (folder, model) in _byFolder.ToList())
            if (model == older) _byFolder.Remove(folder);
        if (!_leaving.Contains(older)) _leaving.Add(older);
    }

    private void EndLeasing(ModelInUse model)
    {
        if (_leaving.Contains(model)) return;
        models.EndLeasing(model);
        _leaving.Add(model);
        Log.ModelLeaves(logger, model.Model.Manifest.Name);
    }

    /// <summary>Ends the threads of the models that no job needs any more, and lets their memory go.</summary>
    private void Unload()
    {
        foreach (var model in _leaving.Where(IsUnused).ToList())
        {
            models.Remove(model);
            _leaving.Remove(model);
            _stopping.Add(model.Model);
            model.Model.Stop();
        }

        foreach (var model in _stopping.Where(one => one.Completion.IsCompleted).ToList())
        {
            _stopping.Remove(model);
            Log.ModelUnloaded(logger, model.Manifest.Name);
            FreedMemory.GiveBack();
        }
    }

    private bool IsUnused(ModelInUse model)
    {
        if (model.Uses > 0) return false;
        var isFound = models.Find(model.Model.Manifest.Name) == model;
        return !isFound || (models.HasEndedLeasing(model) && running.CountOf(model.Leased.Queue) == 0);
    }

    /// <summary>Tells which folders could not be loaded, each new problem also in the log.</summary>
    private void Report(IReadOnlyList<ModelCandidate> candidates)
    {
        var known = models.Refused.Select(one => (one.Folder, one.Problem)).ToHashSet();
        List<ModelCandidate> refused = [.. candidates.Select(ProblemOf).OfType<ModelCandidate>()];
        models.Refuse(refused);
        foreach (var one in refused.Where(one => !known.Contains((one.Folder, one.Problem))))
            Log.ModelRefused(logger, one.Name, one.Problem!);
    }

    private ModelCandidate? ProblemOf(ModelCandidate candidate)
    {
        var problem = candidate.Problem ?? _failed.GetValueOrDefault(candidate.Folder)?.Problem;
        if (problem is null) return null;
        var prefix = _byFolder.ContainsKey(candidate.Folder) ? "The version that was loaded before is still served. " : "";
        return candidate with { Manifest = null, Problem = prefix + problem };
    }
}
