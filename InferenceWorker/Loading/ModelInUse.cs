using AiPlatform.InferenceWorker.Models;
using AiPlatform.Jobs;
using AiPlatform.Jobs.Leasing;

namespace AiPlatform.InferenceWorker.Loading;

/// <summary>A loaded model, with the number of jobs that use it. <see cref="ServedModels"/> changes it.</summary>
internal sealed class ModelInUse(ILoadedModel model)
{
    public ILoadedModel Model => model;

    /// <summary>The queue of its jobs.</summary>
    public LeasedQueue Leased { get; } =
        new(QueueName.ForModel(model.Manifest.Name), model.Capacity) { Room = () => model.Room, DelayPerJob = model.DelayPerJob };

    /// <summary>Jobs that use it now.</summary>
    public int Uses { get; set; }

    /// <summary>Whether no more jobs are leased for it.</summary>
    public bool IsLeaving { get; set; }
}

/// <summary>A job's use of a model. While it lasts the model is not unloaded.</summary>
internal sealed class ModelUse : IDisposable
{
    private readonly ServedModels _models;
    private readonly ModelInUse _used;

    public ModelUse(ServedModels models, ModelInUse used)
    {
        (_models, _used) = (models, used);
        _models.Count(used, 1);
    }

    public ILoadedModel Model => _used.Model;

    public void Dispose() => _models.Count(_used, -1);
}
