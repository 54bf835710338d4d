using System.Text.Json.Serialization;
using AiPlatform.Gateway.Json;
using AiPlatform.Gateway.Providers.Routing;
using Polly.CircuitBreaker;

namespace AiPlatform.Gateway.Providers;

/// <summary>The answer of <c>GET /v1/providers</c>.</summary>
internal sealed record ProviderList
{
    /// <summary>Always <c>list</c>.</summary>
    public required string Object { get; init; }

    /// <summary>The configured providers, by name.</summary>
    public required IReadOnlyList<ProviderResource> Data { get; init; }

    public static ProviderList Of(ProviderRoutes routes) => new()
    {
        Object = "list",
        Data =
        [
            .. routes.Providers.OrderBy(provider => provider.Name, StringComparer.Ordinal)
                .Select(provider => ProviderResource.Of(provider, routes.All.Where(model => model.Provider == provider))),
        ],
    };
}

/// <summary>A provider as this Gateway process sees it; every process has a circuit breaker of its own.</summary>
internal sealed record ProviderResource
{
    /// <summary>Its key in the configuration.</summary>
    public required string Name { get; init; }

    /// <summary>The URL of its API.</summary>
    public required string BaseUrl { get; init; }

    /// <summary>
    /// <c>closed</c>: it gets calls; <c>open</c>: it failed too often and gets none for a while; <c>half_open</c>: one call tests it.
    /// </summary>
    public required string Breaker { get; init; }

    /// <summary>Calls in flight.</summary>
    public required int Calls { get; init; }

    /// <summary>Most calls in flight.</summary>
    public required int MaxCalls { get; init; }

    /// <summary>The models that it serves.</summary>
    public required IReadOnlyList<ProviderModelResource> Models { get; init; }

    /// <summary>The last failed attempts, 10 at most, the newest first. Requests that were wrong themselves are not among them.</summary>
    public required IReadOnlyList<ProviderFailureResource> Failures { get; init; }

    public static ProviderResource Of(Provider provider, IEnumerable<ProviderModel> models) => new()
    {
        Name = provider.Name,
        BaseUrl = provider.Secret.Redact(provider.Options.BaseUrl!.AbsoluteUri) ?? "***",
        Breaker = provider.BreakerState switch
        {
            CircuitState.Closed => "closed",
            CircuitState.HalfOpen => "half_open",
            _ => "open",
        },
        Calls = provider.UnderWay,
        MaxCalls = provider.Options.MaxConcurrentCalls,
        Models = [.. models.Select(model => new ProviderModelResource { Model = model.Name, UpstreamModel = model.UpstreamName })],
        Failures =
        [
            .. provider.LastFailures.Select(one =>
                new ProviderFailureResource { At = one.At, Model = one.Model, Reason = one.Reason }),
        ],
    };
}

/// <summary>A model of a provider.</summary>
internal sealed record ProviderModelResource
{
    /// <summary>The name that requests use.</summary>
    public required string Model { get; init; }

    /// <summary>The provider's name for it.</summary>
    public required string UpstreamModel { get; init; }
}

/// <summary>A failed attempt at a provider.</summary>
internal sealed record ProviderFailureResource
{
    [JsonConverter(typeof(UtcMillisecondsConverter))]
    public required DateTimeOffset At { get; init; }

    /// <summary>The model that was asked for.</summary>
    public required string Model { get; init; }

    /// <summary>One word, such as <c>timeout</c>, <c>connection</c> or <c>status_503</c>.</summary>
    public required string Reason { get; init; }
}
