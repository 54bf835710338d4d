using AiPlatform.Gateway.Providers.Routing;
using AiPlatform.Gateway.StructuredOutput;

namespace AiPlatform.Gateway.Providers.Requests;

/// <summary>A valid request for a model that a provider serves.</summary>
/// <param name="Request">The request.</param>
/// <param name="Candidates">The model that was asked for, and its fallbacks.</param>
/// <param name="Check">What the answer must fit; null for anything.</param>
internal sealed record RoutedRequest(ProviderRequest Request, IReadOnlyList<ProviderModel> Candidates, IAnswerCheck? Check)
{
    /// <summary>The model that was asked for.</summary>
    public ProviderModel Model => Candidates[0];
}
