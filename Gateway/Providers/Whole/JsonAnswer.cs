using AiPlatform.Gateway.Providers.Attempts;

namespace AiPlatform.Gateway.Providers.Whole;

/// <summary>A provider's whole answer: well-formed JSON, as it came.</summary>
/// <param name="Body">The bytes.</param>
/// <param name="Usage">Tokens, as far as it says.</param>
internal sealed record JsonAnswer(ReadOnlyMemory<byte> Body, TokenUsage Usage);
