namespace AiPlatform.Jobs;

/// <summary>Something that a running job said (a piece of its output, or how far it is), or a change of its status.</summary>
/// <param name="Sequence">Its number among the job's changes and events; 0 while it has none.</param>
/// <param name="Kind"><see cref="Output"/>, <see cref="Progress"/> or <see cref="Status"/>.</param>
/// <param name="Data">JSON on one line.</param>
public readonly record struct JobEvent(long Sequence, string Kind, string Data)
{
    public const string Output = "output";
    public const string Progress = "progress";

    /// <summary>Never in a log: changes of status are in the job's <see cref="JobHistory"/>.</summary>
    public const string Status = "status";
}
