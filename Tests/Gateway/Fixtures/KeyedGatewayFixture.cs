using AiPlatform.Tests.Fixtures;
using Xunit;

namespace AiPlatform.Tests.Gateway.Fixtures;

/// <summary>One Redis and a Gateway with keys of two users and an operator.</summary>
public sealed class KeyedGatewayFixture : IAsyncLifetime
{
    private GatewayHost? _gateway;

    public RedisServer Redis { get; } = new();

    internal GatewayHost Gateway => _gateway ?? throw new InvalidOperationException("The fixture is not initialized.");

    internal TestKey User { get; } = new("user-1");

    internal TestKey OtherUser { get; } = new("user-2");

    internal TestKey Operator { get; } = new("ops", "operator");

    public async ValueTask InitializeAsync()
    {
        await Redis.InitializeAsync();
        _gateway = await GatewayHost.StartAsync(Redis, [.. User.Settings, .. OtherUser.Settings, .. Operator.Settings]);
    }

    public async ValueTask DisposeAsync()
    {
        if (_gateway is not null) await _gateway.DisposeAsync();
        await Redis.DisposeAsync();
    }
}
