using AiPlatform.Jobs.Redis;

namespace AiPlatform.Jobs.Store;

/// <summary>One of several jobs that were read together.</summary>
/// <param name="Job">The job; null when it is not there.</param>
/// <param name="IsNewer">It is there, but a newer version stored it.</param>
/// <param name="Damage">It is there, but cannot be read.</param>
internal readonly record struct JobReading(Job? Job, bool IsNewer = false, DamagedRecord? Damage = null)
{
    /// <exception cref="QueueUnavailableException">A newer version stored it, or it cannot be read.</exception>
    public Job? Known() => IsNewer ? throw new QueueUnavailableException(NewerRecordException.Explanation) { IsPartial = true }
        : Damage is not null ? throw new QueueUnavailableException(DamagedRecord.Explanation) { IsPartial = true }
        : Job;
}
