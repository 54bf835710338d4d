namespace AiPlatform.Jobs;

/// <summary>What a caller names a request by that it may send again.</summary>
/// <param name="Value">The key: 1 to 255 visible ASCII characters.</param>
/// <param name="Fingerprint">What tells the request from others with the same key, without blanks: a hash of route and body.</param>
public sealed record IdempotencyKey(string Value, string Fingerprint);
