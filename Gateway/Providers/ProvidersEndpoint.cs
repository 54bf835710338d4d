using AiPlatform.Gateway.Callers;
using AiPlatform.Gateway.Description;
using AiPlatform.Gateway.Http;
using AiPlatform.Gateway.Providers.Routing;
using Microsoft.AspNetCore.Http.HttpResults;

namespace AiPlatform.Gateway.Providers;

/// <summary><c>GET /v1/providers</c>, for operators.</summary>
internal static class ProvidersEndpoint
{
    public static void MapProviders(this IEndpointRouteBuilder routes) => routes
        .MapGet("/v1/providers", List)
        .WithMetadata(OperatorOnly.Mark, Dialect.Native)
        .WithName("listProviders").WithTags("System").WithSummary(
            "Lists the configured providers: the circuit breaker, the calls in flight, the last failures")
        .WithDescription("As the Gateway process sees them that answers. Keys are never part of it, nor what a provider wrote.")
        .WithProblems(401, 403)
        .WithAnswerExample(
            """
            {"object":"list","data":[{"name":"openai","base_url":"https://api.openai.com/v1","breaker":"closed","calls":2,"max_calls":10000,
            "models":[{"model":"gpt","upstream_model":"gpt-4o-mini"}],
            "failures":[{"at":"2026-01-31T12:34:56.789Z","model":"gpt","reason":"status_503"}]}]}
            """);

    private static Ok<ProviderList> List(ProviderCatalog catalog) => TypedResults.Ok(ProviderList.Of(catalog.Routes));
}
