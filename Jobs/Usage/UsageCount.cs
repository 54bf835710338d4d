namespace AiPlatform.Jobs.Usage;

/// <summary>Calls and tokens.</summary>
/// <param name="Requests">Calls that ended, whether they succeeded or failed.</param>
/// <param name="Failed">Calls among them that failed.</param>
/// <param name="InputTokens">Tokens read.</param>
/// <param name="OutputTokens">Tokens written.</param>
/// <param name="EstimatedTokens">Tokens among both that nobody has said.</param>
public readonly record struct UsageCount(long Requests, long Failed, long InputTokens, long OutputTokens, long EstimatedTokens = 0)
{
    public static UsageCount operator +(UsageCount one, UsageCount other) => new(
        one.Requests + other.Requests, one.Failed + other.Failed,
        one.InputTokens + other.InputTokens, one.OutputTokens + other.OutputTokens,
        one.EstimatedTokens + other.EstimatedTokens);
}
