using AiPlatform.Gateway.Callers;
using AiPlatform.Gateway.Configuration;
using AiPlatform.Gateway.Description;
using AiPlatform.Gateway.Http;
using AiPlatform.ServiceDefaults;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Extensions.Options;

namespace AiPlatform.Gateway.Page;

/// <summary><c>GET /version</c> and <c>GET /v1/caller</c>: what a page needs to know before it asks for anything else.</summary>
internal static class SystemEndpoints
{
    public static void MapSystem(this IEndpointRouteBuilder routes)
    {
        routes.MapGet("/version", Version)
            .AllowAnonymous()
            .WithMetadata(Dialect.Native)
            .WithName("getVersion").WithTags("System").WithSummary("Says which version of AiPlatform this is; no key is needed")
            .WithProblems(403)
            .WithAnswerExample("""{"version":"0.1.0-alpha.0.1234+357b824"}""");
        routes.MapGet("/v1/caller", Caller)
            .WithMetadata(Dialect.Native)
            .WithName("getCaller").WithTags("System").WithSummary("Says who the caller is, and what it may do")
            .WithDescription(
                "'trace_url' is the setting Gateway:TraceUrl: where a dashboard shows the trace whose id stands in x-request-id.")
            .WithProblems(401, 403)
            .WithAnswerExample("""{"tenant":"search","role":"user","has_keys":true,"trace_url":null}""");
    }

    private static Ok<VersionResource> Version() => TypedResults.Ok(new VersionResource { Version = ProductVersion.Text });

    private static Ok<CallerResource> Caller(HttpContext context, ApiKeys keys, IOptions<GatewayOptions> options) =>
        TypedResults.Ok(new CallerResource
        {
            Tenant = context.Caller.Tenant,
            Role = context.Caller.IsOperator ? "operator" : "user",
            HasKeys = keys.AreNeeded,
            TraceUrl = options.Value.TraceUrl,
        });
}

/// <summary>The answer of <c>GET /version</c>.</summary>
internal sealed record VersionResource
{
    /// <summary>The version, and after <c>+</c> the commit.</summary>
    public required string Version { get; init; }
}

/// <summary>The answer of <c>GET /v1/caller</c>.</summary>
internal sealed record CallerResource
{
    /// <summary>The tenant whose jobs the caller sees.</summary>
    public required string Tenant { get; init; }

    /// <summary><c>operator</c>, who may also read and control the queues of all tenants, or <c>user</c>.</summary>
    public required string Role { get; init; }

    /// <summary>Whether callers need a key. Without keys everybody is an operator.</summary>
    public required bool HasKeys { get; init; }

    /// <summary>The page of a dashboard that shows a trace, with <c>{traceId}</c> where its id belongs; null when none is set.</summary>
    public required string? TraceUrl { get; init; }
}
