namespace AiPlatform.Jobs;

/// <summary>What running a job gave: a result, or an error. Exactly one of the two is set.</summary>
public sealed record JobOutcome
{
    private JobOutcome()
    {
    }

    public JobOutput? Output { get; private init; }

    /// <summary>Tokens read and written, as the OpenAI dialect's <c>usage</c> JSON object.</summary>
    public string? Usage { get; private init; }

    public InferenceError? Error { get; private init; }

    public static JobOutcome Success(JobOutput output, string? usage) => new() { Output = output, Usage = usage };

    public static JobOutcome Failure(InferenceError error) => new() { Error = error };
}
