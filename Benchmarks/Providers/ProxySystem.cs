using AiPlatform.Benchmarks.Processes;

namespace AiPlatform.Benchmarks.Providers;

/// <summary>The system between the load and the provider: our Gateway, another gateway, a bare proxy, or nothing.</summary>
internal sealed record ProxySystem
{
    private const string Provider = "mock";

    /// <summary>The core of the measured process.</summary>
    public static readonly IReadOnlyList<string> OwnCore = ["taskset", "-c", "0"];

    /// <summary>The core of the provider, the load and Redis.</summary>
    public static readonly IReadOnlyList<string> OtherCore = ["taskset", "-c", "1"];

    public required string Name { get; init; }

    /// <summary>Starts the provider with a launcher.</summary>
    public Func<IReadOnlyList<string>, CancellationToken, Task<MockProvider>> StartProviderAsync { get; init; } = MockProvider.StartAsync;

    /// <summary>Starts it on this port, and waits until it serves; null when there is nothing to start.</summary>
    public required Func<MockProvider, RedisUnderTest, int, CancellationToken, Task<ChildProcess>>? StartAsync { get; init; }

    public required Func<MockProvider, IReadOnlyList<string>> HeadersFor { get; init; }

    /// <summary>The model's name in a request.</summary>
    public required Func<ChatKind, string> ModelFor { get; init; }

    public static ProxySystem AiPlatform { get; } = new()
    {
        Name = "AiPlatform",
        StartAsync = (provider, redis, port, cancellationToken) =>
            Product.StartGatewayAsync(redis, port, ChatKind.Whole.Model, OwnCore, SettingsFor(provider), cancellationToken),
        HeadersFor = _ => [],
        ModelFor = kind => kind.Model,
    };

    /// <summary>The Gateway before a provider behind TLS.</summary>
    /// <param name="version">The setting <c>Providers:{name}:HttpVersion</c>.</param>
    public static ProxySystem OverHttps(string version) => AiPlatform with
    {
        Name = $"HttpVersion {version}",
        StartProviderAsync = MockProvider.StartHttpsAsync,
        StartAsync = (provider, redis, port, cancellationToken) => Product.StartGatewayAsync(
            redis, port, ChatKind.Whole.Model, OwnCore,
            [
                .. SettingsFor(provider), ($"Providers__{Provider}__HttpVersion", version), ("SSL_CERT_FILE", provider.CertificateFile!),
            ],
            cancellationToken),
    };

    public static ProxySystem Portkey { get; } = new()
    {
        Name = Processes.Portkey.Name,
        StartAsync = (_, _, port, cancellationToken) => Processes.Portkey.StartAsync(port, OwnCore, cancellationToken),
        HeadersFor = Processes.Portkey.HeadersFor,
        ModelFor = kind => kind.Upstream,
    };

    /// <summary>The least that a proxy in .NET costs.</summary>
    public static ProxySystem PassThrough { get; } = new()
    {
        Name = "a bare proxy in .NET",
        StartAsync = (provider, _, port, cancellationToken) =>
            Processes.PassThrough.StartAsync(Processes.PassThrough.Waits, port, provider, OwnCore, cancellationToken),
        HeadersFor = _ => [],
        ModelFor = kind => kind.Upstream,
    };

    public static ProxySystem Direct { get; } = new()
    {
        Name = "the mock itself",
        StartAsync = null,
        HeadersFor = _ => [],
        ModelFor = kind => kind.Upstream,
    };

    private static IReadOnlyList<(string Key, string Value)> SettingsFor(MockProvider provider) =>
    [
        ($"Providers__{Provider}__BaseUrl", provider.Address),
        ($"Providers__{Provider}__ApiKey", "sk-mock"),
        .. ChatKind.All.SelectMany(kind => new[]
        {
            ($"Models__{kind.Model}__Provider", Provider),
            ($"Models__{kind.Model}__UpstreamModel", kind.Upstream),
        }),
    ];
}
