namespace AiPlatform.Jobs.Store;

/// <summary>One of several jobs that were read together.</summary>
/// <param name="Job">The job; null when it is not there.</param>
/// <param name="IsNewer">It is there, but a newer version stored it.</param>
internal readonly record struct JobReading(Job? Job, bool IsNewer)
{
    /// <exception cref="QueueUnavailableException">A newer version stored it.</exception>
    public Job? Known() => IsNewer ? throw new QueueUnavailableException(NewerRecordException.Explanation) : Job;
}
