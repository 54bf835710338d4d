using AiPlatform.InferenceWorker.Models;
using AiPlatform.Jobs;
using AiPlatform.Jobs.Leasing;

namespace AiPlatform.InferenceWorker.Loading;

/// <summary>
/// The models of this process: the progress of loading, the served models, and those that are not served with the reasons. Models come, are
/// replaced and go while jobs run.
/// </summary>
internal sealed class ServedModels : ILeasedQueues, ISweptQueues
{
    private readonly Lock _gate = new();
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private TaskCompletionSource _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private IReadOnlyList<LeasedQueue> _leased = [];
    private bool _isLeasedKnown;
    private volatile bool _isAnnounced;
    private volatile State _state = new("finding models", null, [], []);

    private sealed record State(
        string? Progress, ExecutionDevice? Device, IReadOnlyList<ModelInUse> Served, IReadOnlyList<ModelCandidate> Refused);

    /// <summary>The current step before the worker is ready; null once the first loading has ended.</summary>
    public string? Progress => _state.Progress;

    /// <summary>Completes once, when the first loading has ended, whatever the outcome.</summary>
    public Task LoadingEnded => _ended.Task;

    /// <summary>The device of the models; null before it is chosen.</summary>
    public ExecutionDevice? Device => _state.Device;

    public IReadOnlyList<ILoadedModel> Loaded => [.. _state.Served.Select(one => one.Model)];

    /// <summary>The model folders that could not be loaded, with their problems. An older version of one may be served.</summary>
    public IReadOnlyList<ModelCandidate> Refused => _state.Refused;

    /// <summary>Whether a heartbeat has named them; before that, no Gateway knows them.</summary>
    public bool IsAnnounced => _isAnnounced;

    public IReadOnlyCollection<QueueName> Queues => [.. _state.Served.Select(one => one.Leased.Queue)];

    /// <summary>Completes when loading has ended, and then whenever a model has come or goes.</summary>
    public async Task<IReadOnlyList<LeasedQueue>> NextAsync(IReadOnlyList<LeasedQueue>? known, CancellationToken cancellationToken)
    {
        while (true)
        {
            Task changed;
            lock (_gate)
            {
                var isNew = !ReferenceEquals(known, _leased);
                if (_state.Progress is null && (known is null || isNew)) return _leased;
                _isLeasedKnown = !isNew;
                changed = _changed.Task;
            }

            await changed.WaitAsync(cancellationToken);
        }
    }

    /// <summary>Takes a model for one job, which disposes the use at its end; null when this process does not serve it.</summary>
    public ModelUse? Use(string name)
    {
        lock (_gate) return Find(name) is { } found ? new ModelUse(this, found) : null;
    }

    /// <summary>Called only by the loader, like the following methods.</summary>
    public void Loading(int number, int count) => Change(state => state with { Progress = $"loading {number} of {count}" });

    public void RunOn(ExecutionDevice device) => Change(state => state with { Device = device });

    /// <summary>
    /// Adds a model. If it takes the place of another one, jobs that run keep that one to their end, and all later jobs get the new one.
    /// </summary>
    /// <returns>The one whose place it takes; null when there was none.</returns>
    public ModelInUse? Add(ILoadedModel model)
    {
        lock (_gate)
        {
            var replaced = Find(model.Manifest.Name);
            _state = _state with { Served = [.. _state.Served.Where(one => one != replaced), new ModelInUse(model)] };
            LeaseAnew();
            return replaced;
        }
    }

    /// <summary>Ends leasing for a model. Jobs that are leased find it until it is removed.</summary>
    public void EndLeasing(ModelInUse model)
    {
        lock (_gate)
        {
            model.IsLeaving = true;
            LeaseAnew();
        }
    }

    /// <summary>Whether nothing leases any more for a model for which leasing has ended.</summary>
    public bool HasEndedLeasing(ModelInUse model)
    {
        lock (_gate) return model.IsLeaving && _isLeasedKnown;
    }

    /// <summary>Removes a model, unless another one has taken its place already.</summary>
    public void Remove(ModelInUse model) => Change(state => state with { Served = [.. state.Served.Where(one => one != model)] });

    /// <summary>Finds a served model; null when this process does not serve it.</summary>
    public ModelInUse? Find(string name) => _state.Served.FirstOrDefault(one => one.Model.Manifest.Name == name);

    public void Refuse(params IEnumerable<ModelCandidate> refused) => Change(state => state with { Refused = [.. refused] });

    public void EndLoading()
    {
        lock (_gate)
        {
            _state = _state with { Progress = null };
            LeaseAnew();
        }

        _ended.TrySetResult();
    }

    /// <summary>Called by the heartbeat.</summary>
    public void Announced() => _isAnnounced = true;

    internal void Count(ModelInUse model, int difference)
    {
        lock (_gate) model.Uses += difference;
    }

    private void Change(Func<State, State> change)
    {
        lock (_gate) _state = change(_state);
    }

    /// <summary>Tells leasing about another list. The caller holds the lock.</summary>
    private void LeaseAnew()
    {
        _leased = [.. _state.Served.Where(one => !one.IsLeaving).Select(one => one.Leased)];
        _isLeasedKnown = false;
        _changed.TrySetResult();
        _changed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
