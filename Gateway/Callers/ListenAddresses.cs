using System.Net;

namespace AiPlatform.Gateway.Callers;

/// <summary>The addresses that the Gateway listens on.</summary>
internal static class ListenAddresses
{
    private static readonly string[] PortSettings = ["http_ports", "https_ports"];

    /// <summary>
    /// All addresses that the configuration names, whether or not others take precedence: <c>urls</c> or, without it, the ports, and the
    /// server's own endpoints.
    /// </summary>
    public static IEnumerable<string> Configured(IConfiguration configuration)
    {
        var urls = configuration[WebHostDefaults.ServerUrlsKey];
        var hosting = string.IsNullOrEmpty(urls)
            ? PortSettings.SelectMany(ports => Items(configuration[ports])).Select(port => $"http://*:{port}")
            : Items(urls);
        var endpoints = configuration.GetSection("Kestrel:Endpoints").GetChildren().Select(endpoint => endpoint["Url"]).OfType<string>();
        return [.. hosting, .. endpoints];
    }

    /// <summary>
    /// False for addresses that the server does not bind to loopback: <c>*</c>, <c>0.0.0.0</c>, <c>[::]</c>, and every name but localhost.
    /// </summary>
    public static bool IsLocal(string address)
    {
        BindingAddress parsed;
        try
        {
            parsed = BindingAddress.Parse(address);
        }
        catch (FormatException)
        {
            // The server will refuse this address with a message of its own.
            return true;
        }

        return parsed.IsUnixPipe || parsed.IsNamedPipe
            || string.Equals(parsed.Host, "localhost", StringComparison.OrdinalIgnoreCase)
            || (IPAddress.TryParse(parsed.Host, out var ip) && IPAddress.IsLoopback(ip));
    }

    private static string[] Items(string? list) =>
        list?.Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries) ?? [];
}
