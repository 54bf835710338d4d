namespace AiPlatform.Jobs;

/// <summary>The outcome of a run: a result or an error. Exactly one of the two is set.</summary>
public sealed record JobOutcome
{
    private JobOutcome()
    {
    }

    public JobOutput? Output { get; private init; }

    /// <summary>Tokens read and written, as the OpenAI dialect's <c>usage</c> JSON object.</summary>
    public string? Usage { get; private init; }

    public InferenceError? Error { get; private init; }

    /// <summary>The consumer has done all sensible retries itself, so the lease does not retry the job again.</summary>
    public bool IsFinal { get; private init; }

    public static JobOutcome Success(JobOutput output, string? usage) => new() { Output = output, Usage = usage };

    /// <param name="error">What went wrong.</param>
    /// <param name="usage">The usage up to the failure.</param>
    /// <param name="isFinal">See <see cref="IsFinal"/>.</param>
    public static JobOutcome Failure(InferenceError error, string? usage = null, bool isFinal = false) =>
        new() { Error = error, Usage = usage, IsFinal = isFinal };
}

/// <summary>A stored result: its bytes and their content type.</summary>
/// <param name="ContentType"><c>application/json</c>, or the type of a binary payload that the Gateway turns into JSON.</param>
/// <param name="Content">The bytes.</param>
public sealed record JobOutput(string ContentType, ReadOnlyMemory<byte> Content)
{
    public const string Json = "application/json";
}
