using System.Diagnostics.Metrics;
using AiPlatform.Gateway.Catalog;
using AiPlatform.ServiceDefaults.Loops;
using AiPlatform.ServiceDefaults.Telemetry;

namespace AiPlatform.Gateway.Queues;

/// <summary>
/// Gauges of the queues. Every Gateway observes all queues, so the gauges do not depend on a single process; all report the same values. A
/// Gateway does not query Redis while no listener is registered. During an outage of Redis the gauges are missing, not stale.
/// </summary>
internal sealed class QueueMetrics : LoopService
{
    private readonly ModelCatalog _catalog;
    private readonly IQueueOperations _operations;
    private readonly ObservableGauge<long> _depth;
    private volatile IReadOnlyList<(QueueState Queue, int Workers)> _states = [];

    public QueueMetrics(BackgroundLoops loops, IMeterFactory meters, ModelCatalog catalog, IQueueOperations operations)
        : base(loops)
    {
        _catalog = catalog;
        _operations = operations;
        var meter = meters.Create(TelemetrySources.Name);
        _depth = meter.CreateObservableGauge(
            "aiplatform.queue.depth", () => OfLanes(lane => lane.Depth), "{job}", "Jobs that wait, by model and lane");
        meter.CreateObservableGauge(
            "aiplatform.queue.oldest_age", () => OfLanes(lane => lane.Oldest?.TotalSeconds ?? 0), "s",
            "How long the oldest waiting job has waited, by model and lane");
        meter.CreateObservableGauge(
            "aiplatform.queue.running", () => OfQueues(queue => queue.Running), "{job}", "Jobs that are leased, by model");
        meter.CreateObservableGauge(
            "aiplatform.queue.dead_letters", () => OfQueues(queue => queue.Dead), "{job}", "Dead letters, by model");
        meter.CreateObservableGauge("aiplatform.queue.broken", () => OfQueues(queue => queue.Broken), "{job}",
            "Jobs that could not be read and are kept aside, by model");
        meter.CreateObservableGauge(
            "aiplatform.queue.paused", () => OfQueues(queue => queue.IsPaused ? 1L : 0), "1", "1 while the queue is paused, by model");
        meter.CreateObservableGauge(
            "aiplatform.queue.workers", () => _states.Select(one => new Measurement<int>(one.Workers, Model(one.Queue))), "{worker}",
            "Living processes that run the model's jobs, by model");
    }

    protected override TimeSpan Interval => TimeSpan.FromSeconds(5);

    protected override async Task TurnAsync(BackgroundLoop loop, CancellationToken stoppingToken)
    {
        if (!_depth.Enabled) return;

        List<(QueueState, int)> states = [];
        try
        {
            var models = await _catalog.ReadAsync(stoppingToken);
            await loop.ForEachAsync(models.Queues, async queue =>
                states.Add((await _operations.ReadAsync(queue, stoppingToken), models.WorkersOf(queue.Model))));
        }
        finally
        {
            _states = states;
        }
    }

    private IEnumerable<Measurement<T>> OfLanes<T>(Func<LaneState, T> value)
        where T : struct =>
        _states.SelectMany(one => one.Queue.Lanes.Select(
            lane => new Measurement<T>(value(lane), Model(one.Queue), new("lane", lane.Lane.Name))));

    private IEnumerable<Measurement<long>> OfQueues(Func<QueueState, long> value) =>
        _states.Select(one => new Measurement<long>(value(one.Queue), Model(one.Queue)));

    private static KeyValuePair<string, object?> Model(QueueState queue) => new("model", queue.Queue.Model);
}
