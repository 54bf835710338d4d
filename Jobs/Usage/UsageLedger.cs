using AiPlatform.ServiceDefaults.Loops;

namespace AiPlatform.Jobs.Usage;

/// <summary>
/// Counts the usage of calls in memory and writes it every second, so a call costs no Redis command of its own. A process that is killed
/// loses the counts of its last second; an outage of Redis loses nothing, and counts nothing twice.
/// </summary>
public sealed class UsageLedger(BackgroundLoops loops, IUsageStore store, TimeProvider time) : LoopService(loops)
{
    /// <summary>Most holds in one call, so that the script does not hold Redis for long.</summary>
    private const int MostHolds = 256;

    /// <summary>
    /// The parts that are written, one after the other, each with its number. Only one write runs at a time. While Redis does not answer,
    /// further counts are collected beside them.
    /// </summary>
    private readonly Queue<((DateOnly Date, string Tenant) Day, Counted Counted, long Number)> _waiting = [];

    private readonly string _writer = Guid.NewGuid().ToString("n");
    private readonly Lock _gate = new();
    private long _number;
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
        // Without time left the loop may not have ended.
        if (cancellationToken.IsCancellationRequested) return;
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
        // What was not answered goes first, and unchanged, because Redis may have it already.
        await WriteWaitingAsync(refused, cancellationToken);
        lock (_gate)
        {
            foreach (var (day, counted) in _counts)
                foreach (var part in counted.Parts()) _waiting.Enqueue((day, part, ++_number));
            _counts = [];
        }

        await WriteWaitingAsync(refused, cancellationToken);
    }

    private async Task WriteWaitingAsync(Action<string> refused, CancellationToken cancellationToken)
    {
        while (_waiting.TryPeek(out var next))
        {
            try
            {
                await store.AddAsync(
                    next.Day.Date, next.Day.Tenant, next.Counted.Usage, new UsageWrite(_writer, next.Number), cancellationToken);
            }
            catch (OutageException outage) when (outage.IsPartial)
            {
                refused(outage.Message);
                PutBack(next.Day, next.Counted);
            }

            _waiting.Dequeue();
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
