namespace AiPlatform.ServiceDefaults.Health;

/// <summary>
/// <c>--healthy</c>: asks the process of the same container whether it is ready. An image without a shell has nothing else to ask with.
/// </summary>
internal static class HealthQuestion
{
    private const string Usual = "8080";

    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(8);

    /// <returns>The exit code: 0 when it is ready.</returns>
    public static async Task<int> AskAsync()
    {
        var address = Address(
            Environment.GetEnvironmentVariable("ASPNETCORE_URLS"), Environment.GetEnvironmentVariable("ASPNETCORE_HTTP_PORTS"));
        try
        {
            using var http = new HttpClient { Timeout = Bound };
            using var reply = await http.GetAsync(new Uri(address, HealthEndpoints.ReadyPath));
            await Console.Out.WriteLineAsync(await reply.Content.ReadAsStringAsync());
            return reply.IsSuccessStatusCode ? 0 : 1;
        }
        catch (Exception silent) when (silent is HttpRequestException or OperationCanceledException)
        {
            await Console.Error.WriteLineAsync($"error: {address} does not answer: {silent.Message}");
            return 1;
        }
    }

    /// <summary>Where the process listens, seen from its own machine.</summary>
    /// <param name="urls">Its <c>ASPNETCORE_URLS</c>, such as <c>http://*:8080</c>.</param>
    /// <param name="ports">Its <c>ASPNETCORE_HTTP_PORTS</c>, which count without the former.</param>
    internal static Uri Address(string? urls, string? ports)
    {
        if (First(urls) is not { } url) return new Uri($"http://127.0.0.1:{First(ports) ?? Usual}");
        var port = Uri.TryCreate(url.Replace("//*", "//any", StringComparison.Ordinal).Replace("//+", "//any", StringComparison.Ordinal),
            UriKind.Absolute, out var parsed) ? parsed.Port : int.Parse(Usual, System.Globalization.CultureInfo.InvariantCulture);
        var isAny = parsed is null || parsed.Host is "any" or "0.0.0.0" or "[::]";
        return new Uri($"{parsed?.Scheme ?? "http"}://{(isAny ? "127.0.0.1" : parsed!.Host)}:{port}");
    }

    private static string? First(string? list) =>
        list?.Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).FirstOrDefault();
}
