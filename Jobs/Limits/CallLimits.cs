namespace AiPlatform.Jobs.Limits;

/// <summary>The limits of a tenant, or of one of its keys. Each is at most <see cref="Most"/>; 0 is no limit.</summary>
public sealed record CallLimits
{
    /// <summary>The largest limit, whose sums Redis' scripts represent exactly.</summary>
    public const long Most = 1_000_000_000_000;

    /// <summary>The usual ratio for English; other languages and code have more tokens.</summary>
    private const int BytesPerToken = 4;

    /// <summary>Output tokens of an answer whose request names no limit.</summary>
    public const int TypicalAnswer = 256;

    /// <summary>No limits.</summary>
    public static CallLimits None { get; } = new();

    /// <summary>Calls of 60 s.</summary>
    public long RequestsPerMinute { get; init; }

    /// <summary>Tokens, read and written, of 60 s.</summary>
    public long TokensPerMinute { get; init; }

    /// <summary>Calls that are under way at a time; jobs in the background are none.</summary>
    public long ConcurrentCalls { get; init; }

    /// <summary>Tokens of a day (UTC); always 0 for a key.</summary>
    public long TokensPerDay { get; init; }

    /// <summary>Tokens of a month (UTC); always 0 for a key.</summary>
    public long TokensPerMonth { get; init; }

    /// <summary>Whether tokens are limited in any way.</summary>
    public bool LimitTokens => TokensPerMinute > 0 || TokensPerDay > 0 || TokensPerMonth > 0;

    /// <summary>An estimate of the tokens of a request.</summary>
    public static long TokensIn(long bytes) => (bytes + BytesPerToken - 1) / BytesPerToken;
}

/// <summary>What a call's limits are: those of its tenant, and those that its key has besides.</summary>
/// <param name="Tenant">The tenant.</param>
/// <param name="OfTenant">The limits of all its calls together.</param>
/// <param name="Key">The name of the key; empty when it has no limits of its own.</param>
/// <param name="OfKey">The limits of the calls with this key, which count besides those of the tenant.</param>
public sealed record LimitedCaller(string Tenant, CallLimits OfTenant, string Key, CallLimits OfKey)
{
    /// <summary>Whether tokens are limited in any way.</summary>
    public bool LimitsTokens => OfTenant.LimitTokens || OfKey.LimitTokens;

    /// <summary>The names of the scopes in which a call takes a slot; empty for the tenant's own.</summary>
    public IEnumerable<string> ScopesWithSlots
    {
        get
        {
            if (OfTenant.ConcurrentCalls > 0) yield return "";
            if (OfKey.ConcurrentCalls > 0) yield return Key;
        }
    }
}
