namespace AiPlatform.Jobs.Usage;

/// <summary>Calls and tokens. Each number stays between 0 and <see cref="Most"/>: a sum that would pass it stays there.</summary>
/// <param name="Requests">Calls that ended, whether they succeeded or failed.</param>
/// <param name="Failed">Calls among them that failed.</param>
/// <param name="InputTokens">Tokens read.</param>
/// <param name="OutputTokens">Tokens written.</param>
/// <param name="EstimatedTokens">Tokens among both that nobody has said.</param>
public readonly record struct UsageCount(long Requests, long Failed, long InputTokens, long OutputTokens, long EstimatedTokens = 0)
{
    /// <summary>The largest whole number that every reader of JSON, and Redis' scripts, can count to.</summary>
    public const long Most = (1L << 53) - 1;

    public static UsageCount operator +(UsageCount one, UsageCount other) => new(
        Sum(one.Requests, other.Requests), Sum(one.Failed, other.Failed),
        Sum(one.InputTokens, other.InputTokens), Sum(one.OutputTokens, other.OutputTokens),
        Sum(one.EstimatedTokens, other.EstimatedTokens));

    private static long Sum(long one, long other) => Math.Min(Math.Clamp(one, 0, Most) + Math.Clamp(other, 0, Most), Most);
}
