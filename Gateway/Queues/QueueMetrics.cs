using System.Diagnostics.Metrics;
using AiPlatform.Gateway.Catalog;
using AiPlatform.Gateway.Telemetry;
using AiPlatform.Jobs;
using AiPlatform.ServiceDefaults.Telemetry;

namespace AiPlatform.Gateway.Queues;

/// <summary>
/// How the queues are, as gauges. Every Gateway observes all of them, so that no single one has to live; all say the same, and none
/// asks Redis while nobody listens. An outage of Redis leaves gaps, not old numbers.
/// </summary>
internal sealed class QueueMetrics : BackgroundService
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(5);

    private readonly ModelCatalog _catalog;
    private readonly IQueueOperations _operations;
    private readonly TimeProvider _time;
    private readonly ILogger<QueueMetrics> _logger;
    private readonly ObservableGauge<long> _depth;
    private volatile IReadOnlyList<QueueState> _states = [];

    public QueueMetrics(IMeterFactory meters, ModelCatalog catalog, IQueueOperations operations, TimeProvider time, ILogger<QueueMetrics> logger)
    {
        _catalog = catalog;
        _operations = operations;
        _time = time;
        _logger = logger;
        var meter = meters.Create(TelemetrySources.Name);
        _depth = meter.CreateObservableGauge("aiplatform.queue.depth", () => OfLanes(lane => lane.Depth), "{job}", "Jobs that wait, by model and lane");
        meter.CreateObservableGauge(
            "aiplatform.queue.oldest_age", () => OfLanes(lane => lane.Oldest?.TotalSeconds ?? 0), "s", "How long the oldest waiting job has waited, by model and lane");
        meter.CreateObservableGauge("aiplatform.queue.running", () => OfQueues(queue => queue.Running), "{job}", "Jobs that are leased, by model");
        meter.CreateObservableGauge("aiplatform.queue.dead_letters", () => OfQueues(queue => queue.Dead), "{job}", "Dead letters, by model");
        meter.CreateObservableGauge("aiplatform.queue.paused", () => OfQueues(queue => queue.IsPaused ? 1L : 0), "1", "1 while the queue is paused, by model");
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Interval, _time);
        do
        {
            if (_depth.Enabled) await ReadAsync(stoppingToken);
        }
        while (await timer.WaitForNextTickAsync(stoppingToken));
    }

    private async Task ReadAsync(CancellationToken cancellationToken)
    {
        try
        {
            var models = await _catalog.ReadAsync(cancellationToken);
            _states = await Task.WhenAll(models.Queues.Select(queue => _operations.ReadAsync(queue, cancellationToken)));
        }
        catch (QueueUnavailableException away)
        {
            Log.QueuesNotObserved(_logger, away.Message);
            _states = [];
        }
    }

    private IEnumerable<Measurement<T>> OfLanes<T>(Func<LaneState, T> value)
        where T : struct =>
        _states.SelectMany(queue => queue.Lanes.Select(lane => new Measurement<T>(value(lane), Model(queue), new("lane", lane.Lane.Name))));

    private IEnumerable<Measurement<long>> OfQueues(Func<QueueState, long> value) =>
        _states.Select(queue => new Measurement<long>(value(queue), Model(queue)));

    private static KeyValuePair<string, object?> Model(QueueState queue) => new("model", queue.Queue.Model);
}
