using AiPlatform.Jobs;
using AiPlatform.Jobs.Catalog;

namespace AiPlatform.Gateway.Catalog;

/// <summary>The models known at one moment, by name.</summary>
internal sealed class ServedModels
{
    private readonly Dictionary<string, ModelDescriptor> _byName;

    public ServedModels(IReadOnlyList<ModelDescriptor> models)
    {
        All = models;
        _byName = models.ToDictionary(model => model.Name, StringComparer.Ordinal);
        Queues = [.. models.Select(model => QueueName.ForModel(model.Name))];
    }

    /// <summary>Ordered by name.</summary>
    public IReadOnlyList<ModelDescriptor> All { get; }

    public IReadOnlyCollection<QueueName> Queues { get; }

    public ModelDescriptor? Find(string name) => _byName.GetValueOrDefault(name);
}
