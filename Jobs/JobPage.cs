using System.Collections;

namespace AiPlatform.Jobs;

/// <summary>A part of a tenant's list of jobs, the newest first.</summary>
/// <param name="jobs">The jobs that were found.</param>
/// <param name="lookedTo">
/// The <see cref="JobId.Key"/> of the last job that was looked at, when looking stopped before the part was full and there may be more
/// behind it; else null.
/// </param>
public sealed class JobPage(IReadOnlyList<Job> jobs, string? lookedTo) : IReadOnlyList<Job>
{
    public string? LookedTo => lookedTo;

    public int Count => jobs.Count;

    public Job this[int index] => jobs[index];

    public IEnumerator<Job> GetEnumerator() => jobs.GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
}
