using AiPlatform.Jobs.Store;

namespace AiPlatform.InferenceWorker.Generation;

/// <summary>
/// What the rows of a step want done when all of them have been told of the step. It runs on one thread of the pool, one callback after
/// another: so what the rows write to the job store shares one call, and the engine's thread does not wait for them. Without it the first
/// row's thread would take the core from the engine's thread before the other rows have been told.
/// </summary>
internal sealed class StepCallbacks
{
    private readonly Lock _gate = new();

    /// <summary>Batches that have run, for the next steps.</summary>
    private readonly Stack<Batch> _free = [];

    private Batch? _next;

    /// <summary>Adds a callback of this step. It must not throw.</summary>
    public void Add(Action callback) => (_next ??= Take()).Callbacks.Add(callback);

    /// <summary>Lets the pool run what was added since the last call.</summary>
    public void Publish()
    {
        if (_next is null) return;
        ThreadPool.UnsafeQueueUserWorkItem(_next, preferLocal: false);
        _next = null;
    }

    private Batch Take()
    {
        lock (_gate) return _free.TryPop(out var free) ? free : new Batch(this);
    }

    private sealed class Batch : IThreadPoolWorkItem
    {
        private readonly StepCallbacks _owner;
        private readonly Action _runAll;

        public Batch(StepCallbacks owner)
        {
            _owner = owner;
            _runAll = RunAll;
        }

        public List<Action> Callbacks { get; } = [];

        void IThreadPoolWorkItem.Execute()
        {
            SharedCalls.Make(_runAll);
            Callbacks.Clear();
            lock (_owner._gate) _owner._free.Push(this);
        }

        private void RunAll()
        {
            foreach (var callback in Callbacks) callback();
        }
    }
}
