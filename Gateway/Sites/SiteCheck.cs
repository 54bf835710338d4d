using AiPlatform.Gateway.Callers;
using AiPlatform.Gateway.Configuration;
using AiPlatform.Gateway.Errors;
using AiPlatform.Gateway.Http;
using AiPlatform.ServiceDefaults.Health;
using Microsoft.Extensions.Options;

namespace AiPlatform.Gateway.Sites;

/// <summary>
/// Refuses requests of other sites' web pages to a Gateway without keys, with 403. Without keys every caller may do everything, and every
/// page in a browser on this machine can send requests to the Gateway. So the Gateway accepts only host names that nobody else can point at
/// it, and requests from its own pages, from those of <see cref="GatewayOptions.CorsOrigins"/>, and from programs other than browsers. An
/// orchestrator's health probes are answered under any address. With keys the check is not needed: a page has no key unless its user gave
/// it one.
/// </summary>
internal sealed class SiteCheck(RequestDelegate next, ApiKeys keys, IOptions<GatewayOptions> options)
{
    private readonly AllowedHosts _hosts = new(options.Value.Hosts);

    public Task InvokeAsync(HttpContext context)
    {
        var isOpen = keys.AreNeeded || context.GetEndpoint()?.Metadata.GetMetadata<HealthProbe>() is not null;
        return !isOpen && Refuse(context.Request) is { } refusal
            ? Dialect.Of(context).Answer(refusal).ExecuteAsync(context)
            : next(context);
    }

    private InferenceError? Refuse(HttpRequest request)
    {
        if (!_hosts.Contains(request.Host.Host)) return HostNotAllowed(request.Host.Host);
        return IsCrossSite(request) ? CrossSite(request.Headers.Origin.ToString()) : null;
    }

    /// <summary>
    /// Whether a page of another site sent the request. Programs send neither header. A browser sends <c>Origin</c> with every request that
    /// may change something, and otherwise <c>Sec-Fetch-Site</c>.
    /// </summary>
    private bool IsCrossSite(HttpRequest request)
    {
        var origins = request.Headers.Origin;
        if (origins.Count > 0)
        {
            // Two headers are joined by a comma, which matches no origin.
            var origin = origins.ToString();
            return !IsOwn(origin, request.Host) && !options.Value.CorsOrigins.Contains(origin, StringComparer.Ordinal);
        }

        var site = request.Headers["Sec-Fetch-Site"];
        return site.Count > 0 && site.ToString() is not ("same-origin" or "none") && !IsFollowedLink(request);
    }

    /// <summary>Compares only host and port, because a proxy in front of the Gateway may use https.</summary>
    private static bool IsOwn(string origin, HostString host) =>
        Uri.TryCreate(origin, UriKind.Absolute, out var uri)
        && string.Equals(uri.Host, host.Host, StringComparison.OrdinalIgnoreCase)
        && uri.Port == (host.Port ?? (uri.Scheme == Uri.UriSchemeHttps ? 443 : 80));

    /// <summary>Whether the user followed a link. The other page does not see the answer, and no GET changes anything.</summary>
    private static bool IsFollowedLink(HttpRequest request) =>
        HttpMethods.IsGet(request.Method)
        && request.Headers["Sec-Fetch-Mode"] == "navigate" && request.Headers["Sec-Fetch-Dest"] == "document";

    private static InferenceError HostNotAllowed(string host) => new()
    {
        Kind = InferenceErrorKind.HostNotAllowed,
        Message = "This Gateway has no API keys, so it answers to localhost and loopback addresses only, not to "
            + $"'{Refusals.Quoted(host)}'. Ask it by one of them, name the host in "
            + $"{GatewayOptions.SectionName}:{nameof(GatewayOptions.Hosts)}, or configure {ApiKeyForm.SectionName}.",
    };

    private static InferenceError CrossSite(string origin) => new()
    {
        Kind = InferenceErrorKind.CrossSite,
        Message = "This Gateway has no API keys, so it refuses requests from pages of other sites"
            + $"{(origin.Length == 0 ? "" : $" ('{Refusals.Quoted(origin)}')")}. Name the page's origin in "
            + $"{GatewayOptions.SectionName}:{nameof(GatewayOptions.CorsOrigins)}, or configure {ApiKeyForm.SectionName}.",
    };
}
