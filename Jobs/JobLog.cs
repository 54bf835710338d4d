namespace AiPlatform.Jobs;

/// <summary>A job and what its log holds behind a number, at one moment.</summary>
/// <param name="Job">The job; with its result when it has ended.</param>
/// <param name="Events">Events of its log, in order.</param>
/// <param name="IsWhole">False when there were more than could be read at once: read again behind the last.</param>
public sealed record JobLog(Job Job, IReadOnlyList<JobEvent> Events, bool IsWhole);
