using System.Net;

namespace AiPlatform.Gateway.Sites;

/// <summary>
/// The host names that a Gateway without keys accepts: those that always mean the local machine, and the configured ones. The owner of any
/// other name could point it at this machine after a browser has loaded the owner's page (DNS rebinding).
/// </summary>
internal sealed class AllowedHosts(IReadOnlyList<string> configured)
{
    /// <summary>The value that allows every name.</summary>
    public const string Any = "*";

    private const string Wildcard = "*.";

    /// <param name="host">The host without a port; an IPv6 address is in brackets.</param>
    public bool Contains(string host) => IsLoopback(host) || configured.Any(one => Fits(one, host));

    /// <summary>A configured name without its wildcard.</summary>
    public static string WithoutWildcard(string host) =>
        host.StartsWith(Wildcard, StringComparison.Ordinal) ? host[Wildcard.Length..] : host;

    /// <summary>
    /// Whether a name means loopback. Names that end in <c>.localhost</c> do as well (RFC 6761): browsers ask no name server for them.
    /// </summary>
    private static bool IsLoopback(string host) =>
        string.Equals(host, "localhost", StringComparison.OrdinalIgnoreCase)
        || host.EndsWith(".localhost", StringComparison.OrdinalIgnoreCase)
        || (IPAddress.TryParse(host, out var address) && IPAddress.IsLoopback(address));

    private static bool Fits(string configured, string host)
    {
        if (configured == Any) return true;
        return configured.StartsWith(Wildcard, StringComparison.Ordinal)
            ? host.Length >= configured.Length && host.EndsWith(configured[1..], StringComparison.OrdinalIgnoreCase)
            : string.Equals(configured.Trim('[', ']'), host.Trim('[', ']'), StringComparison.OrdinalIgnoreCase);
    }
}
