namespace AiPlatform.Gateway.Providers.Attempts;

/// <summary>How one attempt ended. Exactly one of the two is set.</summary>
internal readonly record struct AttemptEnd<T>(T? Result, AttemptFailure? Failure)
    where T : class
{
    public static implicit operator AttemptEnd<T>(AttemptFailure failure) => new(null, failure);

    public static implicit operator AttemptEnd<T>(T result) => new(result, null);
}
