namespace AiPlatform.Jobs;

/// <summary>What a sweep found; all zero when another process has just swept.</summary>
public readonly record struct SweepResult(int Requeued, int Failed, int Expired, int RetriesDue);
