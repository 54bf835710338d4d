using AiPlatform.Gateway.Providers.Routing;
using AiPlatform.Jobs.Catalog;

namespace AiPlatform.Gateway.Catalog;

/// <summary>
/// The models known at one moment, by name: the workers', and the providers'. A provider's model hides a worker's model of the same name.
/// </summary>
internal sealed class KnownModels
{
    private readonly Dictionary<string, ModelDescriptor> _byName;
    private readonly IReadOnlyList<ModelDescriptor> _models;
    private readonly IReadOnlyList<WorkerHeartbeat> _workers;
    private readonly HashSet<string> _attended;

    public KnownModels(IReadOnlyList<ModelDescriptor> models, IReadOnlyList<WorkerHeartbeat> workers, ProviderRoutes providers)
    {
        _models = models;
        _workers = workers;
        _attended = [.. workers.SelectMany(worker => worker.Models).Select(load => load.Model)];
        Providers = providers;
        All = [.. models.Where(model => providers.Find(model.Name) is null)];
        Failures =
        [
            .. workers.SelectMany(worker => worker.Failures)
                .Concat(models.Where(model => _attended.Contains(model.Name) && providers.Find(model.Name) is not null).Select(Hidden))
                .Distinct().OrderBy(failure => failure.Folder, StringComparer.Ordinal),
        ];
        _byName = All.ToDictionary(model => model.Name, StringComparer.Ordinal);
        Names = [.. All.Select(model => model.Name), .. providers.All.Select(model => model.Name)];
        Queues = [.. All.Select(model => QueueName.ForModel(model.Name)), .. providers.All.Select(model => model.Queue)];
        StoredQueues = [.. Queues, .. providers.All.Select(model => QueueName.ForModel(model.Name))];
    }

    /// <summary>A copy with other providers' models.</summary>
    public KnownModels With(ProviderRoutes providers) => new(_models, _workers, providers);

    /// <summary>The models of our own workers, ordered by name.</summary>
    public IReadOnlyList<ModelDescriptor> All { get; }

    /// <summary>The models of providers.</summary>
    public ProviderRoutes Providers { get; }

    /// <summary>The names of all models, those of workers first.</summary>
    public IReadOnlyList<string> Names { get; }

    /// <summary>The queues of these models.</summary>
    public IReadOnlyCollection<QueueName> Queues { get; }

    /// <summary>The same, and those of workers' models that are hidden: they may have jobs of the time before.</summary>
    public IReadOnlyCollection<QueueName> StoredQueues { get; }

    /// <summary>The model folders that living workers could not load, and workers' models that are hidden; each reason once.</summary>
    public IReadOnlyList<ModelFailure> Failures { get; }

    /// <summary>The last heartbeats of the living workers, by the worker's name.</summary>
    public IReadOnlyList<WorkerHeartbeat> Heartbeats => _workers;

    /// <summary>How many workers live, whatever models they serve.</summary>
    public int Workers => _workers.Count;

    /// <summary>Finds a model of our own workers.</summary>
    public ModelDescriptor? Find(string name) => _byName.GetValueOrDefault(name);

    /// <summary>The queue of a model; null when there is no such model.</summary>
    public QueueName? QueueOf(string name) =>
        Providers.Find(name)?.Queue ?? (_byName.ContainsKey(name) ? QueueName.ForModel(name) : null);

    /// <summary>Whether there is such a model, of a worker or of a provider.</summary>
    public bool Has(string name) => _byName.ContainsKey(name) || Providers.Find(name) is not null;

    /// <summary>Whether a process runs the jobs of this model now.</summary>
    public bool IsAttended(string name) => _attended.Contains(name) || Providers.Find(name) is not null;

    /// <summary>How many living processes run its jobs: workers, or this Gateway for a provider's model.</summary>
    public int WorkersOf(string name) =>
        Providers.Find(name) is null ? _workers.Count(worker => worker.Models.Any(load => load.Model == name)) : 1;

    /// <summary>What the workers that live do for one of their models.</summary>
    public ServedLoad LoadOf(string name)
    {
        List<(WorkerHeartbeat Worker, ModelLoad Load)> serving =
            [.. _workers.SelectMany(worker => worker.Models.Where(load => load.Model == name).Select(load => (worker, load)))];
        return new ServedLoad(
            serving.Count,
            [.. serving.Select(one => one.Load.Device ?? one.Worker.Device).Distinct().Order(StringComparer.Ordinal)],
            serving.Sum(one => (long)one.Load.Running),
            serving.Sum(one => (long)one.Load.Capacity));
    }

    private static ModelFailure Hidden(ModelDescriptor model) => ModelFailure.Of(
        model.Name,
        $"A provider's model is named '{model.Name}', too: calls and jobs go to the provider, and the workers' model gets none. Rename one "
        + "of them.");
}

/// <summary>What workers do for a model.</summary>
/// <param name="Workers">How many serve it.</param>
/// <param name="Devices">Where it runs, each once.</param>
/// <param name="Running">Jobs that they have leased.</param>
/// <param name="Capacity">Jobs that they lease at most.</param>
internal sealed record ServedLoad(int Workers, IReadOnlyList<string> Devices, long Running, long Capacity);
