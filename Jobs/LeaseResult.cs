namespace AiPlatform.Jobs;

/// <summary>What a lease gave.</summary>
/// <param name="Jobs">The jobs, in the order of their turns.</param>
/// <param name="MustRunAlone">The one job given took its process down before: nothing else may run beside it.</param>
/// <param name="WantsIdle">A job waits that must run alone, and this process is asked to become idle for it.</param>
public sealed record LeaseResult(IReadOnlyList<LeasedJob> Jobs, bool MustRunAlone, bool WantsIdle)
{
    /// <summary>Jobs that a newer version stored: they were left for its processes.</summary>
    public int Newer { get; init; }
}
