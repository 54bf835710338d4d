using AiPlatform.Jobs.Payloads;

namespace AiPlatform.Gateway.Providers.Attempts;

/// <summary>Tokens of a call; a sum is at most <see cref="UsageJson.MaxTokens"/>.</summary>
/// <param name="Input">Tokens read.</param>
/// <param name="Output">Tokens written.</param>
/// <param name="Estimated">Tokens among both that were estimated.</param>
internal readonly record struct TokenUsage(long Input, long Output, long Estimated = 0)
{
    /// <summary>The usual ratio for English; other languages and code have more tokens.</summary>
    private const int BytesPerToken = 4;

    /// <summary>Estimates the usage of a call that ended before the provider reported it.</summary>
    /// <param name="inputBytes">Bytes of the request.</param>
    /// <param name="outputBytes">Bytes of the model's answer so far.</param>
    public static TokenUsage Estimate(long inputBytes, long outputBytes)
    {
        var (input, output) = (TokensIn(inputBytes), TokensIn(outputBytes));
        return new TokenUsage(input, output, input + output);
    }

    public static TokenUsage operator +(TokenUsage one, TokenUsage other) =>
        new(Sum(one.Input, other.Input), Sum(one.Output, other.Output), Sum(one.Estimated, other.Estimated));

    private static long TokensIn(long bytes) => Math.Min((bytes + BytesPerToken - 1) / BytesPerToken, UsageJson.MaxTokens);

    private static long Sum(long one, long other) => Math.Min(one + other, UsageJson.MaxTokens);
}
