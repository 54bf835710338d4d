namespace AiPlatform.Jobs;

/// <summary>What became of a wish to run a job again.</summary>
/// <param name="Outcome">What was done.</param>
/// <param name="Depth">Jobs that wait in its queue.</param>
/// <param name="DrainPerSecond">Jobs that ended there a second, of late; 0 when it was not refused for lack of room.</param>
public readonly record struct RequeueResult(RequeueOutcome Outcome, long Depth, double DrainPerSecond);
