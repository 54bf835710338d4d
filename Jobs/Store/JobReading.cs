using AiPlatform.Jobs.Redis;

namespace AiPlatform.Jobs.Store;

/// <summary>One of several jobs that were read together.</summary>
/// <param name="Job">The job; null when it does not exist or cannot be read.</param>
/// <param name="IsNewer">Whether it exists, but a newer version stored it.</param>
/// <param name="Damage">The damaged record if it exists but cannot be read; else null.</param>
/// <param name="Doubt">The outage because of which it is unknown whether the job exists: a server with possibly old data does not have it,
/// and the primary could not be asked.</param>
internal readonly record struct JobReading(
    Job? Job, bool IsNewer = false, DamagedRecord? Damage = null, QueueUnavailableException? Doubt = null)
{
    public bool IsThere => Job is not null || IsNewer || Damage is not null;

    /// <exception cref="QueueUnavailableException">
    /// A newer version stored it, it cannot be read, or it is unknown whether it exists.
    /// </exception>
    public Job? Known() => IsNewer ? throw new QueueUnavailableException(NewerRecordException.Explanation) { IsPartial = true }
        : Damage is not null ? throw new QueueUnavailableException(DamagedRecord.Explanation) { IsPartial = true }
        : Doubt is not null ? throw RedisRefusals.Doubt(Doubt)
        : Job;
}
