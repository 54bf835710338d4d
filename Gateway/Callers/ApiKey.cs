namespace AiPlatform.Gateway.Callers;

/// <summary>A key that is let in. The key itself is known to its holder only.</summary>
/// <param name="Caller">Who presents it.</param>
/// <param name="Sha256">The hash of its UTF-8 bytes.</param>
/// <param name="ExpiresAt">From when on it is not let in any more; null when it always is.</param>
internal sealed record ApiKey(Caller Caller, ReadOnlyMemory<byte> Sha256, DateTimeOffset? ExpiresAt = null);
