namespace AiPlatform.Jobs.Usage;

/// <summary>
/// The usage of tenants, by model and day, kept for <see cref="Retention"/>. Throws <see cref="QueueUnavailableException"/> when Redis does
/// not serve.
/// </summary>
public interface IUsageStore
{
    /// <summary>How long a day is kept: a year, and another month to evaluate it.</summary>
    static readonly TimeSpan Retention = TimeSpan.FromDays(400);

    /// <summary>How long the last write of a writer is remembered for each tenant.</summary>
    static readonly TimeSpan WritesRemembered = TimeSpan.FromDays(1);

    /// <summary>
    /// Adds the usage of one tenant on one day, and ends the holds of the calls whose usage it is. A write whose answer was lost may have
    /// been added, or be added later: it is sent again with the same number, and counts once.
    /// </summary>
    /// <param name="date">The day, in UTC.</param>
    /// <param name="tenant">The tenant.</param>
    /// <param name="usage">What is added.</param>
    /// <param name="write">The name of the write.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    Task AddAsync(DateOnly date, string tenant, UsageOfCalls usage, UsageWrite write, CancellationToken cancellationToken);

    /// <summary>
    /// A tenant's rows of the days from <paramref name="from"/> to <paramref name="to"/>, both included; the oldest day first.
    /// </summary>
    Task<IReadOnlyList<UsageRow>> ReadAsync(DateOnly from, DateOnly to, string tenant, CancellationToken cancellationToken);
}

/// <summary>The name of a write. A writer writes one after the other, with rising numbers.</summary>
/// <param name="Writer">A name that no other writer has, also after a restart.</param>
/// <param name="Number">From 1.</param>
public readonly record struct UsageWrite(string Writer, long Number);

/// <summary>The usage of a model by a tenant on one day.</summary>
/// <param name="Date">The day, in UTC.</param>
/// <param name="Tenant">The tenant.</param>
/// <param name="Model">The model that was asked for.</param>
/// <param name="Count">The calls and tokens.</param>
public sealed record UsageRow(DateOnly Date, string Tenant, string Model, UsageCount Count);

/// <summary>What calls of a tenant took.</summary>
/// <param name="ByModel">By the model that was asked for.</param>
/// <param name="Holds">The calls among them that had a hold.</param>
/// <param name="UnheldTokens">The tokens of the others.</param>
public sealed record UsageOfCalls(
    IReadOnlyDictionary<string, UsageCount> ByModel, IReadOnlyList<UsedHold> Holds, long UnheldTokens = 0);

/// <summary>A hold whose call has ended.</summary>
/// <param name="Id">The hold.</param>
/// <param name="Tokens">The tokens that the call took.</param>
public readonly record struct UsedHold(string Id, long Tokens);

/// <summary>Calls and tokens. Each number is between 0 and <see cref="Most"/>; larger sums are cut to it.</summary>
/// <param name="Requests">Calls that ended, whether they succeeded or failed.</param>
/// <param name="Failed">Calls among them that failed.</param>
/// <param name="InputTokens">Tokens read.</param>
/// <param name="OutputTokens">Tokens written.</param>
/// <param name="EstimatedTokens">Tokens among both that were estimated.</param>
public readonly record struct UsageCount(long Requests, long Failed, long InputTokens, long OutputTokens, long EstimatedTokens = 0)
{
    /// <summary>The largest whole number that every JSON reader and Redis' scripts represent exactly.</summary>
    public const long Most = (1L << 53) - 1;

    /// <summary>All tokens.</summary>
    public long Tokens => Sum(InputTokens, OutputTokens);

    public static UsageCount operator +(UsageCount one, UsageCount other) => new(
        Sum(one.Requests, other.Requests), Sum(one.Failed, other.Failed),
        Sum(one.InputTokens, other.InputTokens), Sum(one.OutputTokens, other.OutputTokens),
        Sum(one.EstimatedTokens, other.EstimatedTokens));

    private static long Sum(long one, long other) => Math.Min(Math.Clamp(one, 0, Most) + Math.Clamp(other, 0, Most), Most);
}
