using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;

namespace AiPlatform.Tests.Gateway.Fixtures;

/// <summary>An API key and its entry in the configuration.</summary>
internal sealed record TestKey(string Tenant, string Role = "user")
{
    /// <summary>The key that callers present.</summary>
    public string Value { get; } = $"key-of-{Tenant}-{Guid.NewGuid():n}";

    /// <summary>The settings for <see cref="GatewayHost"/>.</summary>
    public string[] Settings =>
    [
        $"ApiKeys:{Tenant}:Sha256={Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(Value)))}",
        $"ApiKeys:{Tenant}:Role={Role}",
    ];

    /// <summary>The settings as environment variables of a process.</summary>
    public (string Key, string Value)[] Environment =>
        [.. Settings.Select(setting => setting.Split('=', 2))
            .Select(pair => (pair[0].Replace(":", "__", StringComparison.Ordinal), pair[1]))];

    /// <summary>A client of the Gateway that sends this key.</summary>
    public HttpClient ClientOf(GatewayHost gateway) => ClientOf(gateway.Address);

    /// <summary>A client of the Gateway at an address that sends this key.</summary>
    public HttpClient ClientOf(Uri address) => new()
    {
        BaseAddress = address,
        DefaultRequestHeaders = { Authorization = new AuthenticationHeaderValue("Bearer", Value) },
    };
}
