using AiPlatform.ServiceDefaults.Loops;

namespace AiPlatform.Jobs.Usage;

/// <summary>
/// Counts the usage of calls in memory and writes it every second, so a call costs no Redis command of its own. A process that is killed
/// loses the counts of its last second; an outage of Redis loses nothing.
/// </summary>
public sealed class UsageLedger(BackgroundLoops loops, IUsageStore store, TimeProvider time) : LoopService(loops)
{
    /// <summary>Most holds in one call, so that the script does not hold Redis for long.</summary>
    private const int MostHolds = 256;

    private readonly Lock _gate = new();
    private Dictionary<(DateOnly Date, string Tenant), Counted> _counts = [];

    protected override TimeSpan Interval => TimeSpan.FromSeconds(1);

    /// <summary>Counts a call that ended.</summary>
    /// <param name="tenant">The tenant that called.</param>
    /// <param name="model">The model that was asked for.</param>
    /// <param name="failed">Whether it failed.</param>
    /// <param name="inputTokens">Tokens read.</param>
    /// <param name="outputTokens">Tokens written.</param>
    /// <param name="estimatedTokens">Tokens among both that were estimated.</param>
    /// <param name="hold">The hold of the tokens that it may take, which ends; null when it had none.</param>
    public void Add(
        string tenant, string model, bool failed, long inputTokens, long outputTokens, long estimatedTokens = 0, string? hold = null) =>
        Add(tenant, model, new UsageCount(1, failed ? 1 : 0, inputTokens, outputTokens, estimatedTokens), hold);

    /// <summary>Counts only the tokens of a call that was given up.</summary>
    /// <inheritdoc cref="Add(string, string, bool, long, long, long, string?)"/>
    public void AddTokens(string tenant, string model, long inputTokens, long outputTokens, long estimatedTokens)
    {
        if (inputTokens > 0 || outputTokens > 0)
            Add(tenant, model, new UsageCount(0, 0, inputTokens, outputTokens, estimatedTokens), hold: null);
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
        Dictionary<(DateOnly Date, string Tenant), Counted> counts;
        lock (_gate) (counts, _counts) = (_counts, []);

        var left = new Queue<((DateOnly Date, string Tenant) Day, Counted Counted)>(
            counts.SelectMany(entry => entry.Value.Parts().Select(part => (entry.Key, part))));
        try
        {
            while (left.TryPeek(out var next))
            {
                try
                {
                    await store.AddAsync(next.Day.Date, next.Day.Tenant, next.Counted.Usage, cancellationToken);
                }
                catch (OutageException outage) when (outage.IsPartial)
                {
                    refused(outage.Message);
                    PutBack(next.Day, next.Counted);
                }

                left.Dequeue();
            }
        }
        finally
        {
            foreach (var (day, counted) in left) PutBack(day, counted);
        }
    }

    private void Add(string tenant, string model, UsageCount count, string? hold)
    {
        var day = (DateOnly.FromDateTime(time.GetUtcNow().UtcDateTime), tenant);
        lock (_gate)
        {
            if (!_counts.TryGetValue(day, out var counted)) _counts.Add(day, counted = new Counted());
            counted.Add(model, count, hold);
        }
    }

    private void PutBack((DateOnly Date, string Tenant) day, Counted counted)
    {
        lock (_gate)
        {
            if (_counts.TryGetValue(day, out var known)) known.Add(counted);
            else _counts[day] = counted;
        }
    }

    /// <summary>What is to be written of a tenant's day.</summary>
    private sealed class Counted
    {
        public Dictionary<string, UsageCount> ByModel { get; init; } = [];

        public List<UsedHold> Holds { get; init; } = [];

        public long UnheldTokens { get; set; }

        public UsageOfCalls Usage => new(ByModel, Holds, UnheldTokens);

        public void Add(string model, UsageCount count, string? hold)
        {
            ByModel[model] = ByModel.GetValueOrDefault(model) + count;
            if (hold is null) UnheldTokens = Math.Min(UnheldTokens + count.Tokens, UsageCount.Most);
            else Holds.Add(new UsedHold(hold, count.Tokens));
        }

        public void Add(Counted other)
        {
            foreach (var (model, count) in other.ByModel) ByModel[model] = ByModel.GetValueOrDefault(model) + count;
            Holds.AddRange(other.Holds);
            UnheldTokens = Math.Min(UnheldTokens + other.UnheldTokens, UsageCount.Most);
        }

        /// <summary>The same in parts that one call takes; the first one has the counts.</summary>
        public IEnumerable<Counted> Parts()
        {
            var first = Holds.Take(MostHolds).ToList();
            yield return new Counted { ByModel = ByModel, Holds = first, UnheldTokens = UnheldTokens };
            foreach (var more in Holds.Skip(MostHolds).Chunk(MostHolds)) yield return new Counted { Holds = [.. more] };
        }
    }
}
