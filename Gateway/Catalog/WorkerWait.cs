using AiPlatform.Gateway.Configuration;
using Microsoft.Extensions.Options;

namespace AiPlatform.Gateway.Catalog;

/// <summary>
/// Decides how long synchronous calls wait for a worker that serves their model: <see cref="GatewayOptions.WorkerWait"/>, which
/// covers the restart of an only worker. Jobs that nobody waits for may wait as long as their deadline.
/// </summary>
internal sealed class WorkerWait
{
    private readonly ModelCatalog _catalog;
    private readonly TimeSpan _patience;
    private readonly TimeProvider _time;
    private readonly Lock _gate = new();
    private readonly Dictionary<string, Absence> _absences = new(StringComparer.Ordinal);

    public WorkerWait(ModelCatalog catalog, IOptions<GatewayOptions> options, TimeProvider time)
    {
        _catalog = catalog;
        _patience = options.Value.WorkerWait;
        _time = time;
        catalog.Reading += Follow;
    }

    /// <summary>How long it took until a worker serves the model: no time when one does already. Null when none came.</summary>
    /// <exception cref="QueueUnavailableException">None is known, and Redis does not serve.</exception>
    public async ValueTask<TimeSpan?> WaitAsync(string model, TimeSpan limit, CancellationToken cancellationToken)
    {
        if ((await _catalog.ReadAsync(cancellationToken)).IsAttended(model)) return TimeSpan.Zero;

        var start = _time.GetTimestamp();
        var patience = limit < _patience ? limit : _patience;
        do
        {
            if ((await _catalog.ReadAnewAsync(cancellationToken)).IsAttended(model)) return _time.GetElapsedTime(start);
        }
        while (_time.GetElapsedTime(start) < patience);

        return null;
    }

    /// <summary>Canceled once no worker has served the model for as long as calls wait for one, counted from this call on.</summary>
    public CancellationToken Gone(string model)
    {
        lock (_gate)
        {
            if (!_absences.TryGetValue(model, out var absence)) _absences.Add(model, absence = new Absence());
            return absence.Gone.Token;
        }
    }

    private void Follow(KnownModels models)
    {
        List<Absence> over = [];
        lock (_gate)
        {
            foreach (var (model, absence) in _absences)
            {
                if (models.IsAttended(model)) absence.Since = null;
                else if (absence.Since is not { } since) absence.Since = _time.GetTimestamp();
                else if (_time.GetElapsedTime(since) >= _patience && _absences.Remove(model)) over.Add(absence);
            }
        }

        // Those who wait go on elsewhere: the catalog's loop must not carry them.
        foreach (var absence in over) _ = absence.Gone.CancelAsync();
    }

    /// <summary>A model that calls wait for.</summary>
    private sealed class Absence
    {
        /// <summary>Since when no worker serves it; null while one does.</summary>
        public long? Since { get; set; }

        public CancellationTokenSource Gone { get; } = new();
    }
}
