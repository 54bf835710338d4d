namespace AiPlatform.Gateway.Providers;

/// <summary>How a call to providers ended: with a result of <paramref name="Model"/>, or with the last failure.</summary>
/// <param name="Model">Who answered; null when nobody did.</param>
/// <param name="Result">What came; null when nobody answered.</param>
/// <param name="Failure">The failure that the caller is told of.</param>
internal readonly record struct ProviderEnd<T>(ProviderModel? Model, T? Result, AttemptFailure? Failure)
    where T : class;
