namespace AiPlatform.Gateway.Providers;

/// <summary>Tokens read and written.</summary>
internal readonly record struct TokenUsage(long Input, long Output)
{
    public static TokenUsage operator +(TokenUsage one, TokenUsage other) => new(one.Input + other.Input, one.Output + other.Output);
}
