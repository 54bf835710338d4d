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

    /// <summary>The consumer has already retried the job as often as that makes sense: the lease does not retry it again.</summary>
    public bool IsFinal { get; private init; }

    public static JobOutcome Success(JobOutput output, string? usage) => new() { Output = output, Usage = usage };

    /// <param name="error">What went wrong.</param>
    /// <param name="usage">What was used all the same.</param>
    /// <param name="isFinal">See <see cref="IsFinal"/>.</param>
    public static JobOutcome Failure(InferenceError error, string? usage = null, bool isFinal = false) =>
        new() { Error = error, Usage = usage, IsFinal = isFinal };
}

/// <summary>A result as it is stored: bytes and what they are.</summary>
/// <param name="ContentType"><c>application/json</c>, or the type of a binary payload that the Gateway turns into JSON.</param>
/// <param name="Content">The bytes.</param>
public sealed record JobOutput(string ContentType, ReadOnlyMemory<byte> Content)
{
    public const string Json = "application/json";
}
