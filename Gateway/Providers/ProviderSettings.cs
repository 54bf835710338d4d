namespace AiPlatform.Gateway.Providers;

/// <summary>The sections <c>Providers</c> and <c>Models</c>, read and checked, as the user wrote them.</summary>
/// <param name="Providers">By name.</param>
/// <param name="Models">By the name that requests use; every provider and fallback that they name is there.</param>
internal sealed record ProviderSettings(
    IReadOnlyDictionary<string, ProviderOptions> Providers, IReadOnlyDictionary<string, ProviderModelOptions> Models);
