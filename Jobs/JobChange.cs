namespace AiPlatform.Jobs;

/// <summary>A change of a job's status.</summary>
/// <param name="Sequence">Its number among the job's changes and events.</param>
/// <param name="Status">What the job became.</param>
/// <param name="At">When.</param>
/// <param name="Attempt">Leases taken until then.</param>
/// <param name="EventsBefore">Events of its log until then.</param>
public readonly record struct JobChange(long Sequence, JobStatus Status, DateTimeOffset At, int Attempt, long EventsBefore);
