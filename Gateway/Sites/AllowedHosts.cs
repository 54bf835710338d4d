using System.Net;

namespace AiPlatform.Gateway.Sites;

/// <summary>
/// The names by which a Gateway without keys may be asked: those that mean this machine on every machine, and the configured ones. Any
/// other one may be a name that its owner points at this machine once a browser has loaded the owner's page (DNS rebinding).
/// </summary>
internal sealed class AllowedHosts(IReadOnlyList<string> configured)
{
    /// <summary>Stands for every name.</summary>
    public const string Any = "*";

    private const string Wildcard = "*.";

    /// <param name="host">Without a port; an IPv6 address in brackets.</param>
    public bool Contains(string host) => IsLoopback(host) || configured.Any(one => Fits(one, host));

    /// <summary>The part of a configured name that must be there as it is.</summary>
    public static string WithoutWildcard(string host) =>
        host.StartsWith(Wildcard, StringComparison.Ordinal) ? host[Wildcard.Length..] : host;

    /// <summary>What ends in <c>.localhost</c> is loopback's, too (RFC 6761): browsers ask no name server for it.</summary>
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
