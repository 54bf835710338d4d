using AiPlatform.Tests.Fixtures;
using Xunit;

namespace AiPlatform.Tests.Gateway.Fixtures;

/// <summary>One Redis and one Gateway for the tests of a class, which use different names of models.</summary>
public sealed class GatewayFixture : IAsyncLifetime
{
    private GatewayHost? _gateway;

    public RedisServer Redis { get; } = new();

    internal GatewayHost Gateway => _gateway ?? throw new InvalidOperationException("The fixture is not initialized.");

    public async ValueTask InitializeAsync()
    {
        await Redis.InitializeAsync();
        _gateway = await GatewayHost.StartAsync(Redis);
    }

    public async ValueTask DisposeAsync()
    {
        if (_gateway is not null) await _gateway.DisposeAsync();
        await Redis.DisposeAsync();
    }
}
