using AiPlatform.ServiceDefaults.Loops;

namespace AiPlatform.Jobs;

/// <summary>
/// The store cannot serve now: Redis cannot be reached, is too slow, full, read-only, or fails on what it holds. Nothing is known to have
/// changed.
/// </summary>
public sealed class QueueUnavailableException(string message, Exception? inner = null) : OutageException(message, inner)
{
    /// <summary>Redis answers, and refuses writes: what only reads may be served.</summary>
    public bool RefusesWrites { get; init; }

    /// <summary>What is stored of the job cannot be read.</summary>
    internal bool IsDamaged { get; init; }
}
