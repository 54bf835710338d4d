using AiPlatform.Gateway.Configuration;
using Microsoft.Extensions.Options;

namespace AiPlatform.Gateway.Sites;

/// <summary>
/// Checks the hosts and origins of <see cref="GatewayOptions"/> at start, because a value that can never match would fail silently.
/// </summary>
internal sealed class SiteOptionsCheck : IValidateOptions<GatewayOptions>
{
    private const string Hosts = $"{GatewayOptions.SectionName}:{nameof(GatewayOptions.Hosts)}";
    private const string Origins = $"{GatewayOptions.SectionName}:{nameof(GatewayOptions.CorsOrigins)}";

    public ValidateOptionsResult Validate(string? name, GatewayOptions options)
    {
        List<string> errors =
        [
            .. options.Hosts.Where(host => !IsHost(host)).Select(host =>
                $"{Hosts} has '{host}': give a host's name or address without scheme and port, such as gateway, *.example.com or "
                + $"fd00::5; or *."),
            .. options.CorsOrigins.Where(origin => !IsOrigin(origin)).Select(origin =>
                $"{Origins} has '{origin}': give an origin as browsers write it, such as https://app.example.com or http://localhost:3000."),
        ];
        return errors.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(errors);
    }

    private static bool IsHost(string host) =>
        host == AllowedHosts.Any || Uri.CheckHostName(AllowedHosts.WithoutWildcard(host).Trim('[', ']')) != UriHostNameType.Unknown;

    /// <summary>
    /// Whether a text is an origin as browsers send it: scheme, host, and a port other than the scheme's default, in lower case.
    /// </summary>
    private static bool IsOrigin(string origin) =>
        Uri.TryCreate(origin, UriKind.Absolute, out var uri)
        && uri.Scheme is "http" or "https"
        && origin == $"{uri.Scheme}://{uri.Authority}";
}
