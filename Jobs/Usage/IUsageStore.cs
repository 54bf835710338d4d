namespace AiPlatform.Jobs.Usage;

/// <summary>
/// What tenants used, by model and day; kept for <see cref="Retention"/>. Throws <see cref="QueueUnavailableException"/> when Redis does
/// not serve.
/// </summary>
public interface IUsageStore
{
    /// <summary>How long a day is kept: a year, and the month to look back at it.</summary>
    static readonly TimeSpan Retention = TimeSpan.FromDays(400);

    /// <summary>Adds rows of one tenant and one day.</summary>
    Task AddAsync(DateOnly date, string tenant, IReadOnlyDictionary<string, UsageCount> byModel, CancellationToken cancellationToken);

    /// <summary>
    /// A tenant's rows of the days from <paramref name="from"/> to <paramref name="to"/>, both included; the oldest day first.
    /// </summary>
    Task<IReadOnlyList<UsageRow>> ReadAsync(DateOnly from, DateOnly to, string tenant, CancellationToken cancellationToken);
}
