namespace AiPlatform.Jobs;

/// <summary>What became of a submit.</summary>
/// <param name="Outcome">What was done.</param>
/// <param name="At">When, by Redis' clock.</param>
/// <param name="Depth">Jobs that waited in the queue before.</param>
/// <param name="DrainPerSecond">Jobs that ended there a second, of late; 0 when nothing was refused.</param>
public readonly record struct SubmitResult(SubmitOutcome Outcome, DateTimeOffset At, long Depth, double DrainPerSecond)
{
    /// <summary>
    /// About how many jobs are leased before it, as reading the job tells; null when it was not accepted, or somebody waits for its end.
    /// </summary>
    public long? Position { get; init; }
}
