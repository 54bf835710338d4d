using AiPlatform.Tests.Fixtures;
using AiPlatform.Tests.Gateway.Fixtures;
using Xunit;

namespace AiPlatform.Tests.Gateway.Page;

/// <summary>A browser, and two Gateways on one Redis: one without keys that has a provider, and one with keys.</summary>
public sealed class PageWorld : IAsyncLifetime
{
    public Chromium Chromium { get; } = new();

    public RedisServer Redis { get; } = new();

    internal FakeProvider Provider { get; private set; } = null!;

    internal GatewayHost Gateway { get; private set; } = null!;

    internal GatewayHost Keyed { get; private set; } = null!;

    internal TestKey User { get; } = new("user-1");

    internal TestKey Operator { get; } = new("ops", "operator");

    public async ValueTask InitializeAsync()
    {
        await Redis.InitializeAsync();
        await Chromium.InitializeAsync();
        Provider = await FakeProvider.StartAsync();
        Gateway = await GatewayHost.StartAsync(
            Redis,
            Provider.Settings("Models:gpt:MaxRetries=0", "Models:gpt:MaxCorrections=0", "Providers:fake:BreakerAttempts=1000",
                "Jobs:HeartbeatTtl=00:10:00", "Jobs:MaxFailures=1", "Gateway:TraceUrl=http://localhost:18888/traces/detail/{traceId}"));
        Keyed = await GatewayHost.StartAsync(Redis, [.. User.Settings, .. Operator.Settings, "Jobs:HeartbeatTtl=00:10:00"]);
    }

    public async ValueTask DisposeAsync()
    {
        await Chromium.DisposeAsync();
        if (Keyed is not null) await Keyed.DisposeAsync();
        if (Gateway is not null) await Gateway.DisposeAsync();
        if (Provider is not null) await Provider.DisposeAsync();
        await Redis.DisposeAsync();
    }
}
