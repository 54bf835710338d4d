using AiPlatform.Jobs;

namespace AiPlatform.Gateway.Providers;

/// <summary>How a call for a whole answer ended. Either <paramref name="Answer"/> or <paramref name="Error"/> is set.</summary>
/// <param name="Model">Who answered; null when nobody did.</param>
/// <param name="Answer">What the model said; it fits its schema.</param>
/// <param name="Usage">Tokens of all answers, those that were sent back included.</param>
/// <param name="Error">Why there is none.</param>
/// <param name="Refused">The provider's own refusal, which says more than <paramref name="Error"/>.</param>
internal sealed record ProviderAnswerEnd(
    ProviderModel? Model, JsonAnswer? Answer, TokenUsage Usage, InferenceError? Error, RefusedAnswer? Refused);
