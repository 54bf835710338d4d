namespace AiPlatform.Jobs;

/// <summary>The store cannot serve now: Redis cannot be reached, is too slow, full, or read-only. Nothing is known to have changed.</summary>
public sealed class QueueUnavailableException(string message, Exception? inner = null) : Exception(message, inner);
