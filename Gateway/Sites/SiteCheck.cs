using AiPlatform.Gateway.Callers;
using AiPlatform.Gateway.Configuration;
using AiPlatform.Gateway.Errors;
using AiPlatform.Gateway.Http;
using AiPlatform.ServiceDefaults.Health;
using Microsoft.Extensions.Options;

namespace AiPlatform.Gateway.Sites;

/// <summary>
/// Keeps web pages out of a Gateway without keys: 403. There everyone who reaches it may do everything, and a browser on this machine
/// reaches it for every page that it shows. So it answers only to names that nobody else can point at it, and takes requests from its own
/// pages, from those of <see cref="GatewayOptions.CorsOrigins"/>, and from programs that are no browsers. Probes of an orchestrator name
/// the address that they have, and are answered. Where keys are needed, a page has none unless its user gave it one.
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
    /// Programs send neither header. A browser sends an origin with whatever may change something; without one it says whose page asks.
    /// </summary>
    private bool IsCrossSite(HttpRequest request)
    {
        var origins = request.Headers.Origin;
        if (origins.Count > 0)
        {
            // Two of them are joined by a comma, and are nobody's.
            var origin = origins.ToString();
            return !IsOwn(origin, request.Host) && !options.Value.CorsOrigins.Contains(origin, StringComparer.Ordinal);
        }

        var site = request.Headers["Sec-Fetch-Site"];
        return site.Count > 0 && site.ToString() is not ("same-origin" or "none") && !IsFollowedLink(request);
    }

    /// <summary>A proxy in front may speak https where this Gateway speaks http: host and port tell origins apart.</summary>
    private static bool IsOwn(string origin, HostString host) =>
        Uri.TryCreate(origin, UriKind.Absolute, out var uri)
        && string.Equals(uri.Host, host.Host, StringComparison.OrdinalIgnoreCase)
        && uri.Port == (host.Port ?? (uri.Scheme == Uri.UriSchemeHttps ? 443 : 80));

    /// <summary>Somebody followed a link to here: the other page sees nothing of the answer, and no GET changes anything.</summary>
    private static bool IsFollowedLink(HttpRequest request) =>
        HttpMethods.IsGet(request.Method)
        && request.Headers["Sec-Fetch-Mode"] == "navigate" && request.Headers["Sec-Fetch-Dest"] == "document";

    private static InferenceError HostNotAllowed(string host) => new()
    {
        Kind = InferenceErrorKind.HostNotAllowed,
        Message = "This Gateway has no API keys, so it answers to localhost and loopback addresses only, not to "
            + $"'{Refusals.Quoted(host)}'. Ask it by one of them, name the host in "
            + $"{GatewayOptions.SectionName}:{nameof(GatewayOptions.Hosts)}, or configure {ApiKeyReader.SectionName}.",
    };

    private static InferenceError CrossSite(string origin) => new()
    {
        Kind = InferenceErrorKind.CrossSite,
        Message = "This Gateway has no API keys, so it takes no requests from pages of other sites"
            + $"{(origin.Length == 0 ? "" : $" ('{Refusals.Quoted(origin)}')")}. Name the page's origin in "
            + $"{GatewayOptions.SectionName}:{nameof(GatewayOptions.CorsOrigins)}, or configure {ApiKeyReader.SectionName}.",
    };
}
