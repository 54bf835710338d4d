using AiPlatform.Jobs;
using AiPlatform.Jobs.Catalog;

namespace AiPlatform.Gateway.Catalog;

/// <summary>The models known at one moment, by name.</summary>
internal sealed class ServedModels
{
    private readonly Dictionary<string, ModelDescriptor> _byName;
    private readonly IReadOnlyList<WorkerHeartbeat> _workers;

    public ServedModels(IReadOnlyList<ModelDescriptor> models, IReadOnlyList<WorkerHeartbeat> workers)
    {
        _workers = workers;
        All = models;
        _byName = models.ToDictionary(model => model.Name, StringComparer.Ordinal);
        Queues = [.. models.Select(model => QueueName.ForModel(model.Name))];
    }

    /// <summary>Ordered by name.</summary>
    public IReadOnlyList<ModelDescriptor> All { get; }

    public IReadOnlyCollection<QueueName> Queues { get; }

    public ModelDescriptor? Find(string name) => _byName.GetValueOrDefault(name);

    /// <summary>How many workers that live serve a model.</summary>
    public int WorkersOf(string name) => _workers.Count(worker => worker.Models.Any(load => load.Model == name));
}
