using AiPlatform.InferenceWorker.Models;
using AiPlatform.Jobs;
using AiPlatform.Jobs.Leasing;

namespace AiPlatform.InferenceWorker.Loading;

/// <summary>
/// The models of this process: the progress of loading, the served models, and those that are not served with the reasons.
/// </summary>
internal sealed class ServedModels : ILeasedQueues, ISweptQueues
{
    private readonly TaskCompletionSource<IReadOnlyList<LeasedQueue>> _ready = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private volatile bool _isAnnounced;
    private volatile State _state = new("finding models", null, [], []);

    private sealed record State(
        string? Progress, ExecutionDevice? Device, IReadOnlyList<ILoadedModel> Loaded, IReadOnlyList<ModelCandidate> Refused);

    /// <summary>The current step before the worker is ready; null once loading has ended.</summary>
    public string? Progress => _state.Progress;

    /// <summary>Completes once, when loading has ended, whatever the outcome.</summary>
    public Task LoadingEnded => _ended.Task;

    /// <summary>The device of the models; null before it is chosen.</summary>
    public ExecutionDevice? Device => _state.Device;

    public IReadOnlyList<ILoadedModel> Loaded => _state.Loaded;

    /// <summary>The models that could not be loaded, with their problems.</summary>
    public IReadOnlyList<ModelCandidate> Refused => _state.Refused;

    /// <summary>Whether a heartbeat has named them; before that, no Gateway knows them.</summary>
    public bool IsAnnounced => _isAnnounced;

    public IReadOnlyCollection<QueueName> Queues => [.. _state.Loaded.Select(model => QueueName.ForModel(model.Manifest.Name))];

    /// <summary>
    /// Completes once, when the models are loaded and warm. It never completes when none could be loaded, because there is nothing to
    /// lease.
    /// </summary>
    public Task<IReadOnlyList<LeasedQueue>> NextAsync(IReadOnlyList<LeasedQueue>? known, CancellationToken cancellationToken) =>
        known is null ? _ready.Task.WaitAsync(cancellationToken) : ILeasedQueues.NeverAsync(cancellationToken);

    /// <summary>Finds a model; null when this process does not serve it.</summary>
    public ILoadedModel? Find(string name) => _state.Loaded.FirstOrDefault(model => model.Manifest.Name == name);

    /// <summary>Called only by the loader, like the following methods.</summary>
    public void Loading(int number, int count) => _state = _state with { Progress = $"loading {number} of {count}" };

    public void RunOn(ExecutionDevice device) => _state = _state with { Device = device };

    public void Add(ILoadedModel model) => _state = _state with { Loaded = [.. _state.Loaded, model] };

    public void Refuse(ModelCandidate candidate, string problem) =>
        _state = _state with { Refused = [.. _state.Refused, candidate with { Manifest = null, Problem = problem }] };

    public void EndLoading()
    {
        _state = _state with { Progress = null };
        if (_state.Loaded.Count > 0) _ready.TrySetResult([.. _state.Loaded.Select(LeasedQueueOf)]);
        _ended.TrySetResult();
    }

    /// <summary>Called by the heartbeat.</summary>
    public void Announced() => _isAnnounced = true;

    private static LeasedQueue LeasedQueueOf(ILoadedModel model) =>
        new(QueueName.ForModel(model.Manifest.Name), model.Capacity) { Room = () => model.Room, DelayPerJob = model.DelayPerJob };
}
