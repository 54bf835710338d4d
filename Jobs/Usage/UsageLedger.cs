using AiPlatform.ServiceDefaults.Loops;

namespace AiPlatform.Jobs.Usage;

/// <summary>
/// Counts the usage of calls in memory and writes it every second, so a call costs no Redis command of its own. A process that is killed
/// loses the counts of its last second; an outage of Redis loses nothing.
/// </summary>
public sealed class UsageLedger(BackgroundLoops loops, IUsageStore store, TimeProvider time) : LoopService(loops)
{
    private readonly Lock _gate = new();
    private Dictionary<(DateOnly Date, string Tenant, string Model), UsageCount> _counts = [];

    protected override TimeSpan Interval => TimeSpan.FromSeconds(1);

    /// <summary>Counts a call that ended.</summary>
    /// <param name="tenant">The tenant that called.</param>
    /// <param name="model">The model that was asked for.</param>
    /// <param name="failed">Whether it failed.</param>
    /// <param name="inputTokens">Tokens read.</param>
    /// <param name="outputTokens">Tokens written.</param>
    /// <param name="estimatedTokens">Tokens among both that were estimated.</param>
    public void Add(string tenant, string model, bool failed, long inputTokens, long outputTokens, long estimatedTokens = 0) =>
        Add(tenant, model, new UsageCount(1, failed ? 1 : 0, inputTokens, outputTokens, estimatedTokens));

    /// <summary>Counts only the tokens of a call that was given up.</summary>
    /// <inheritdoc cref="Add(string, string, bool, long, long, long)"/>
    public void AddTokens(string tenant, string model, long inputTokens, long outputTokens, long estimatedTokens)
    {
        if (inputTokens > 0 || outputTokens > 0) Add(tenant, model, new UsageCount(0, 0, inputTokens, outputTokens, estimatedTokens));
    }

    /// <summary>Writes the last counts when the process stops.</summary>
    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken);
        try
        {
            await WriteAsync(refused: _ => { }, cancellationToken);
        }
        catch (Exception away) when (away is OutageException or OperationCanceledException)
        {
            // The loop has reported the outage already, if there was time.
        }
    }

    protected override Task TurnAsync(BackgroundLoop loop, CancellationToken stoppingToken) => WriteAsync(loop.Suffer, stoppingToken);

    /// <summary>
    /// Writes the counts, and keeps those that could not be written. A refused count does not keep the others from being written.
    /// </summary>
    private async Task WriteAsync(Action<string> refused, CancellationToken cancellationToken)
    {
        Dictionary<(DateOnly Date, string Tenant, string Model), UsageCount> counts;
        lock (_gate) (counts, _counts) = (_counts, []);

        var left = new Queue<IGrouping<(DateOnly Date, string Tenant), KeyValuePair<(DateOnly Date, string Tenant, string Model),
        UsageCount>>>(
            counts.GroupBy(entry => (entry.Key.Date, entry.Key.Tenant)));
        try
        {
            while (left.TryPeek(out var day))
            {
                try
                {
                    await store.AddAsync(
                        day.Key.Date, day.Key.Tenant, day.ToDictionary(entry => entry.Key.Model, entry => entry.Value), cancellationToken);
                }
                catch (OutageException outage) when (outage.IsPartial)
                {
                    refused(outage.Message);
                    PutBack(day);
                }

                left.Dequeue();
            }
        }
        finally
        {
            foreach (var day in left) PutBack(day);
        }
    }

    private void Add(string tenant, string model, UsageCount count)
    {
        var key = (DateOnly.FromDateTime(time.GetUtcNow().UtcDateTime), tenant, model);
        lock (_gate) _counts[key] = _counts.GetValueOrDefault(key) + count;
    }

    private void PutBack(IEnumerable<KeyValuePair<(DateOnly Date, string Tenant, string Model), UsageCount>> counts)
    {
        lock (_gate)
            foreach (var (key, count) in counts) _counts[key] = _counts.GetValueOrDefault(key) + count;
    }
}
