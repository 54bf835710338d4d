using System.Text.RegularExpressions;

namespace AiPlatform.AppHost;

/// <summary>
/// The names of settings in the sections that have secrets. What has another name there may be a secret with a mistyped name: it would be
/// in clear text in the dashboard and in published files, and the Gateway would refuse it.
/// </summary>
internal static partial class KnownNames
{
    [GeneratedRegex(
        @"\AApiKeys:[^:]+:(?:Role|(?:Keys:[^:]+:)?(?:Sha256|ExpiresAt|Limits:\w+))\z",
        RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex OfKeys { get; }

    [GeneratedRegex(
        @"\AProviders:[^:]+:(?:BaseUrl|ApiKey|ApiKeyHeader|MaxConcurrentCalls|ConnectTimeout|HttpVersion|BreakerFailureRatio|"
        + @"BreakerAttempts|BreakerWindow|BreakerPause|AskStreamUsage|SendTraceParent)\z",
        RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex OfProviders { get; }

    [GeneratedRegex(@"\A[A-Fa-f0-9]{64}\z")]
    private static partial Regex Hash { get; }

    /// <summary>Refuses a setting, without its value.</summary>
    /// <exception cref="DistributedApplicationException">There is no setting of this name, or a hash is none.</exception>
    public static void Require(string key, string value)
    {
        if (key.StartsWith("ApiKeys", StringComparison.OrdinalIgnoreCase))
        {
            if (!OfKeys.IsMatch(key))
            {
                throw new DistributedApplicationException(
                    $"{key} is no setting. A tenant has Sha256, ExpiresAt, Role, Limits:… and Keys:NAME:…; only the hash of a key "
                    + "is configured, never the key (docs/keys-and-limits.md).");
            }

            if (key.EndsWith(":Sha256", StringComparison.OrdinalIgnoreCase) && !Hash.IsMatch(value))
            {
                throw new DistributedApplicationException(
                    $"{key} must be the SHA-256 of a key as 64 hex digits: printf %s \"$key\" | sha256sum.");
            }
        }
        else if (key.StartsWith("Providers", StringComparison.OrdinalIgnoreCase) && !OfProviders.IsMatch(key))
        {
            throw new DistributedApplicationException($"{key} is no setting of a provider (docs/settings.md). Its secret is ApiKey.");
        }
    }
}
