namespace AiPlatform.Jobs.Usage;

/// <summary>Calls and tokens. A sum stops at the largest number there is, and does not start again below it.</summary>
/// <param name="Requests">Calls that ended, whether they succeeded or failed.</param>
/// <param name="Failed">Calls among them that failed.</param>
/// <param name="InputTokens">Tokens read.</param>
/// <param name="OutputTokens">Tokens written.</param>
public readonly record struct UsageCount(long Requests, long Failed, long InputTokens, long OutputTokens)
{
    public static UsageCount operator +(UsageCount one, UsageCount other) => new(
        Sum(one.Requests, other.Requests), Sum(one.Failed, other.Failed),
        Sum(one.InputTokens, other.InputTokens), Sum(one.OutputTokens, other.OutputTokens));

    /// <summary>None of the two is negative.</summary>
    private static long Sum(long one, long other) => one > long.MaxValue - other ? long.MaxValue : one + other;
}
