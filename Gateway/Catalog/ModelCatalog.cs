using AiPlatform.Gateway.Providers.Routing;
using AiPlatform.Gateway.Telemetry;
using AiPlatform.Jobs.Catalog;
using AiPlatform.Jobs.Leasing;
using AiPlatform.ServiceDefaults.Loops;

namespace AiPlatform.Gateway.Catalog;

/// <summary>
/// The models that can be called. They are read from the workers' catalog every two seconds, and at once when a request names an unknown
/// model. During an outage the last reading stays.
/// </summary>
internal sealed class ModelCatalog(
    BackgroundLoops loops, IWorkerCatalog workers, ProviderCatalog providers, TimeProvider time, ILogger<ModelCatalog> logger)
    : LoopService(loops), ISweptQueues
{
    /// <summary>Shortest time between two readings. Requests that name unknown models share a reading.</summary>
    private static readonly TimeSpan ReadPause = TimeSpan.FromMilliseconds(200);

    private readonly Lock _gate = new();
    private Task<KnownModels>? _next;
    private long _lastRead = long.MinValue;
    private long _begun;
    private long _accepted;
    private volatile KnownModels? _models;
    private volatile bool _isAway;

    /// <summary>Raised for every reading, in order and under a lock. A handler must neither wait nor call the catalog.</summary>
    public event Action<KnownModels>? Reading;

    /// <summary>
    /// Whether the catalog has been read, and whether Redis is unreachable. Before the first reading the Gateway does not know which models
    /// it serves.
    /// </summary>
    public (bool HasRead, bool IsAway) State => (_models is not null, _isAway);

    public IReadOnlyCollection<QueueName> Queues =>
        Known()?.StoredQueues ?? [.. providers.Routes.All.Select(model => model.Queue)];

    /// <summary>All models that are served.</summary>
    /// <exception cref="QueueUnavailableException">Redis does not serve, and has not since this process started.</exception>
    public async ValueTask<KnownModels> ReadAsync(CancellationToken cancellationToken) =>
        Known() ?? await NextReading().WaitAsync(cancellationToken);

    /// <summary>The models that are served. If this name is unknown, they are read again.</summary>
    /// <exception cref="QueueUnavailableException">
    /// The name is not known, and Redis does not serve, or takes no writes: then it may be a replica with old data.
    /// </exception>
    public async ValueTask<KnownModels> ReadForAsync(string name, CancellationToken cancellationToken)
    {
        if (Known() is { } known && known.Has(name)) return known;

        var read = await NextReading().WaitAsync(cancellationToken);
        if (!read.Has(name)) await ConfirmAsync(cancellationToken);
        return read;
    }

    /// <inheritdoc cref="IWorkerCatalog.ConfirmAsync"/>
    /// <exception cref="QueueUnavailableException">Redis does not serve, or takes no writes.</exception>
    public Task ConfirmAsync(CancellationToken cancellationToken) => workers.ConfirmAsync(cancellationToken);

    /// <summary>The models that are served, from a reading that begins after this call.</summary>
    /// <exception cref="QueueUnavailableException">Redis does not serve.</exception>
    public Task<KnownModels> ReadAnewAsync(CancellationToken cancellationToken) => NextReading().WaitAsync(cancellationToken);

    protected override TimeSpan Interval => TimeSpan.FromSeconds(2);

    protected override async Task TurnAsync(BackgroundLoop loop, CancellationToken stoppingToken)
    {
        try
        {
            await NextReading().WaitAsync(stoppingToken);
        }
        catch (QueueUnavailableException)
        {
            _isAway = true;
            throw;
        }
    }

    /// <summary>The last reading, with the providers' models as they are now.</summary>
    private KnownModels? Known()
    {
        if (_models is not { } models || ReferenceEquals(models.Providers, providers.Routes)) return _models;
        lock (_gate) return _models = _models!.With(providers.Routes);
    }

    /// <summary>The next reading; all callers that ask before it begins share it.</summary>
    private Task<KnownModels> NextReading()
    {
        lock (_gate) return _next ??= ReadAfterPauseAsync();
    }

    private async Task<KnownModels> ReadAfterPauseAsync()
    {
        // Leaves the caller's lock first, because _next must be set before it is cleared.
        await Task.Yield();
        var elapsed = _lastRead == long.MinValue ? ReadPause : time.GetElapsedTime(_lastRead);
        if (elapsed < ReadPause) await Task.Delay(ReadPause - elapsed, time);

        long number;
        lock (_gate)
        {
            _next = null;
            _lastRead = time.GetTimestamp();
            number = ++_begun;
        }

        var snapshot = await workers.ReadAsync(CancellationToken.None);
        return Accept(snapshot, number);
    }

    /// <summary>Accepts a reading, unless a later reading has finished before it.</summary>
    private KnownModels Accept(CatalogSnapshot snapshot, long number)
    {
        foreach (var unusable in snapshot.Models.Where(model => !HasQueue(model)))
            Log.ModelNameUnusable(logger, unusable.Name.Length);

        var models = new KnownModels(
            [.. snapshot.Models.Where(HasQueue).DistinctBy(model => model.Name)], snapshot.Workers, providers.Routes);
        lock (_gate)
        {
            if (number < _accepted) return _models!;
            if (_models is null || _models.All.Count != models.All.Count)
                Log.CatalogRead(logger, models.All.Count, snapshot.Workers.Count);
            _accepted = number;
            _isAway = false;
            _models = models;
            Reading?.Invoke(models);
            return models;
        }
    }

    private static bool HasQueue(ModelDescriptor model) => model.Name.Length is > 0 and <= QueueName.MaxModelLength;
}
