using AiPlatform.Jobs.Payloads;

namespace AiPlatform.Gateway.Providers.Attempts;

/// <summary>Tokens of a call; a sum is no more than <see cref="UsageJson.MaxTokens"/>.</summary>
/// <param name="Input">Tokens read.</param>
/// <param name="Output">Tokens written.</param>
/// <param name="Estimated">Tokens among both that nobody has said.</param>
internal readonly record struct TokenUsage(long Input, long Output, long Estimated = 0)
{
    /// <summary>What tokenizers make of English; of other languages and of code they make more.</summary>
    private const int BytesPerToken = 4;

    /// <summary>What a call is likely to have used that ended before the provider said it.</summary>
    /// <param name="inputBytes">Of the request.</param>
    /// <param name="outputBytes">Of what the model has said.</param>
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
