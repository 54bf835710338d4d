namespace AiPlatform.Gateway.Providers;

/// <summary>Whole events of a stream, and whether more follow.</summary>
/// <param name="Events">Bytes for the caller, until the next piece is asked for.</param>
/// <param name="IsLast">The stream has ended as it should.</param>
/// <param name="Failure">Why it ended early; null when it did not.</param>
internal readonly record struct StreamPiece(Memory<byte> Events, bool IsLast, AttemptFailure? Failure);
