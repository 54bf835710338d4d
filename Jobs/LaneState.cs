namespace AiPlatform.Jobs;

/// <summary>How a lane is.</summary>
/// <param name="Lane">Which.</param>
/// <param name="Depth">Jobs that wait in it.</param>
/// <param name="Oldest">Time since the submit of the oldest; null when none waits.</param>
public sealed record LaneState(Lane Lane, long Depth, TimeSpan? Oldest);
