namespace AiPlatform.Gateway.Callers;

/// <summary>A key that is let in. The key itself is known to its holder only.</summary>
/// <param name="Caller">Who presents it.</param>
/// <param name="Sha256">The hash of its UTF-8 bytes.</param>
internal sealed record ApiKey(Caller Caller, ReadOnlyMemory<byte> Sha256);
