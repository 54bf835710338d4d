namespace AiPlatform.Jobs;

/// <summary>What became of a submit.</summary>
/// <param name="Outcome">Queued now, there already, or refused because the queue is full.</param>
/// <param name="Depth">Jobs that wait in the queue, this one included when it was accepted.</param>
public readonly record struct SubmitResult(SubmitOutcome Outcome, long Depth);
