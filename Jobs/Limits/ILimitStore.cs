namespace AiPlatform.Jobs.Limits;

/// <summary>
/// Counts calls against the limits of tenants, so that all Gateways agree. The clock is Redis'. Throws
/// <see cref="QueueUnavailableException"/> when Redis does not serve.
/// </summary>
public interface ILimitStore
{
    /// <summary>How long a call has its slot without renewal: what a killed Gateway held is free after this time.</summary>
    static readonly TimeSpan SlotLifetime = TimeSpan.FromSeconds(30);

    /// <summary>Admits a call and counts it, or tells why not. A call whose hold is there has been counted already.</summary>
    Task<LimitReading> TakeAsync(LimitedCaller caller, LimitRequest request, CancellationToken cancellationToken);

    /// <summary>Tells what is left of the limits, and counts nothing.</summary>
    Task<LimitReading> ReadAsync(LimitedCaller caller, CancellationToken cancellationToken);

    /// <summary>Ends a call that was admitted: gives its slots back, and corrects its hold.</summary>
    /// <param name="caller">The caller.</param>
    /// <param name="hold">The call's hold.</param>
    /// <param name="tokens">The tokens that it took; null when they are not known yet.</param>
    /// <param name="isFinal">Whether the hold ends; otherwise the tokens are held until their usage is written.</param>
    /// <param name="hasSlots">Whether it has slots.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    Task EndAsync(
        LimitedCaller caller, string hold, long? tokens, bool isFinal, bool hasSlots, CancellationToken cancellationToken);

    /// <summary>Ends the hold of a job that was canceled.</summary>
    Task DropAsync(string tenant, string hold, CancellationToken cancellationToken);

    /// <summary>Keeps the slots of a tenant's calls that go on for another <see cref="SlotLifetime"/>.</summary>
    /// <param name="tenant">The tenant.</param>
    /// <param name="slots">The scope and the hold of each slot.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    Task RenewAsync(string tenant, IReadOnlyCollection<(string Scope, string Hold)> slots, CancellationToken cancellationToken);
}

/// <summary>A call that wants to be admitted.</summary>
/// <param name="Hold">A name of the call that no other call of the tenant has.</param>
/// <param name="Tokens">The tokens that it may take.</param>
/// <param name="HoldLifetime">How long these tokens are held for it at most; zero for no hold.</param>
/// <param name="TakesSlot">Whether it counts as under way until it ends.</param>
public readonly record struct LimitRequest(string Hold, long Tokens, TimeSpan HoldLifetime, bool TakesSlot);

/// <summary>The kinds of limits.</summary>
public enum LimitKind
{
    /// <summary>None has refused the call.</summary>
    None,

    /// <summary>Requests per minute.</summary>
    Requests,

    /// <summary>Tokens per minute.</summary>
    Tokens,

    /// <summary>Calls under way at a time.</summary>
    Concurrency,

    /// <summary>Tokens per day.</summary>
    DailyBudget,

    /// <summary>Tokens per month.</summary>
    MonthlyBudget,
}

/// <summary>What is left of a caller's limits.</summary>
/// <param name="Refusal">The limit that refuses the call.</param>
/// <param name="Wait">How long it does; null when waiting does not help, because the call alone is larger than the limit.</param>
/// <param name="Limits">Every limit that there is: first the tenant's, then the key's.</param>
/// <param name="WasCounted">Whether the call is admitted because its hold is there: it is not counted again, and takes no slot.</param>
public sealed record LimitReading(LimitKind Refusal, TimeSpan? Wait, IReadOnlyList<LimitState> Limits, bool WasCounted);

/// <summary>What is left of one limit.</summary>
/// <param name="Kind">Its kind.</param>
/// <param name="IsOfKey">Whether it is the key's own, and not the tenant's.</param>
/// <param name="Limit">The most that is admitted.</param>
/// <param name="Left">What is left of it, 0 or more.</param>
/// <param name="More">The time until more is left; zero when all of it is, and where it is not known.</param>
/// <param name="All">The time until all of it is left, if nothing is taken in the meantime.</param>
public readonly record struct LimitState(LimitKind Kind, bool IsOfKey, long Limit, long Left, TimeSpan More, TimeSpan All);
