using AiPlatform.Gateway.Configuration;
using Microsoft.Extensions.Options;

namespace AiPlatform.Gateway.Catalog;

/// <summary>
/// Limits how long synchronous calls wait for a worker that serves their model (<see cref="GatewayOptions.WorkerWait"/>), which covers the
/// restart of a single worker. Jobs may wait for a worker until their deadline.
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

    /// <summary>
    /// Waits for a worker that serves the model, and returns the waiting time; zero when one does already, null when none came.
    /// </summary>
    /// <exception cref="QueueUnavailableException">No worker is known, and Redis does not serve.</exception>
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

    /// <summary>
    /// A token that is canceled when, from this call on, no worker has served the model for the time that calls wait for one.
    /// </summary>
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

        // The continuations of waiting calls run on pool threads, not on the catalog's loop.
        foreach (var absence in over) _ = absence.Gone.CancelAsync();
    }

    /// <summary>A model that calls wait for.</summary>
    private sealed class Absence
    {
        /// <summary>When the last worker left; null while a worker serves the model.</summary>
        public long? Since { get; set; }

        public CancellationTokenSource Gone { get; } = new();
    }
}
