using AiPlatform.Jobs.Payloads;

namespace AiPlatform.Gateway.Providers;

/// <summary>Tokens read and written by one call; a sum is no more than <see cref="UsageJson.MaxTokens"/>.</summary>
internal readonly record struct TokenUsage(long Input, long Output)
{
    public static TokenUsage operator +(TokenUsage one, TokenUsage other) =>
        new(Math.Min(one.Input + other.Input, UsageJson.MaxTokens), Math.Min(one.Output + other.Output, UsageJson.MaxTokens));
}
