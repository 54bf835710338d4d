using AiPlatform.Jobs.Telemetry;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace AiPlatform.Jobs.Usage;

/// <summary>
/// Counts what calls use, and writes it every second: a call costs no Redis command of its own. A process that is killed loses what
/// it counted in its last second; an outage of Redis loses nothing.
/// </summary>
public sealed class UsageLedger(IUsageStore store, TimeProvider time, ILogger<UsageLedger> logger) : BackgroundService
{
    private static readonly TimeSpan WriteInterval = TimeSpan.FromSeconds(1);

    private readonly Lock _gate = new();
    private Dictionary<(DateOnly Date, string Tenant, string Model), UsageCount> _counts = [];
    private bool _outage;

    /// <summary>A call ended.</summary>
    public void Add(string tenant, string model, bool failed, long inputTokens, long outputTokens)
    {
        var key = (DateOnly.FromDateTime(time.GetUtcNow().UtcDateTime), tenant, model);
        var count = new UsageCount(1, failed ? 1 : 0, inputTokens, outputTokens);
        lock (_gate) _counts[key] = _counts.GetValueOrDefault(key) + count;
    }

    /// <summary>The last counts are written when the process stops.</summary>
    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken);
        await WriteAsync(cancellationToken);
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(WriteInterval, time);
        while (await timer.WaitForNextTickAsync(stoppingToken)) await WriteAsync(stoppingToken);
    }

    private async Task WriteAsync(CancellationToken cancellationToken)
    {
        Dictionary<(DateOnly Date, string Tenant, string Model), UsageCount> counts;
        lock (_gate) (counts, _counts) = (_counts, []);

        foreach (var day in counts.GroupBy(entry => (entry.Key.Date, entry.Key.Tenant)))
        {
            try
            {
                await store.AddAsync(day.Key.Date, day.Key.Tenant, day.ToDictionary(entry => entry.Key.Model, entry => entry.Value), cancellationToken);
                _outage = false;
            }
            catch (QueueUnavailableException outage)
            {
                if (!_outage) Log.UsageNotWritten(logger, outage.Message);
                _outage = true;
                PutBack(day);
            }
            catch (OperationCanceledException)
            {
                PutBack(day);
            }
        }
    }

    private void PutBack(IEnumerable<KeyValuePair<(DateOnly Date, string Tenant, string Model), UsageCount>> counts)
    {
        lock (_gate)
            foreach (var (key, count) in counts) _counts[key] = _counts.GetValueOrDefault(key) + count;
    }
}
