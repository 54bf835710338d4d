using AiPlatform.Gateway.Callers;
using AiPlatform.Gateway.Configuration;
using AiPlatform.Tests.Fixtures;
using AiPlatform.Tests.Gateway.Fixtures;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Hosting.Internal;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Xunit;

namespace AiPlatform.Tests.Gateway.Callers;

/// <summary>A Gateway without keys listens on this machine only, unless a setting allows more.</summary>
public sealed class AnonymousAccessTests
{
    [Theory]
    [InlineData("http://0.0.0.0:1")]
    [InlineData("http://[::]:1")]
    [InlineData("http://*:1")]
    [InlineData("http://+:1")]
    [InlineData("http://example.com:1")]
    [InlineData("http://localhost.:1")]
    [InlineData("https://10.0.0.1:1")]
    [InlineData("http://127.0.0.1:1;http://192.168.0.1:1")]
    public async Task StartingAsync_UrlsBeyondLoopback_Refuses(string urls) => await AssertRefusesAsync(("urls", urls));

    [Theory]
    [InlineData("http_ports", "8080")]
    [InlineData("https_ports", "8443;8444")]
    [InlineData("Kestrel:Endpoints:web:Url", "http://*:8080")]
    public async Task StartingAsync_OtherSettingsBeyondLoopback_Refuses(string key, string value) => await AssertRefusesAsync((key, value));

    [Fact]
    public async Task StartingAsync_EndpointBesidesLocalUrls_Refuses() =>
        await AssertRefusesAsync(("urls", "http://127.0.0.1:1"), ("Kestrel:Endpoints:web:Url", "http://0.0.0.0:2"));

    [Theory]
    [InlineData("urls", "http://127.0.0.1:1")]
    [InlineData("urls", "http://127.0.0.2:1;http://[::1]:1;http://LocalHost:1;http://unix:/tmp/socket")]
    [InlineData("Kestrel:Endpoints:web:Url", "http://localhost:8080")]
    [InlineData("urls", "not an address")]
    [InlineData("urls", "")]
    public async Task StartingAsync_LoopbackOnly_Starts(string key, string value) =>
        await CreateSut([(key, value)]).StartingAsync(CancellationToken.None);

    [Fact]
    public async Task StartingAsync_PortsBesidesUrls_DoNotCount() =>
        await CreateSut([("urls", "http://127.0.0.1:1"), ("http_ports", "8080")]).StartingAsync(CancellationToken.None);

    [Fact]
    public async Task StartedAsync_ServerListensBeyondLoopback_Refuses()
    {
        var sut = CreateSut([], listening: "http://[::]:8080");
        await sut.StartingAsync(CancellationToken.None);

        await Assert.ThrowsAsync<OptionsValidationException>(() => sut.StartedAsync(CancellationToken.None));
    }

    [Fact]
    public async Task StartingAsync_Development_Starts() =>
        await CreateSut([("urls", "http://*:1")], environment: Environments.Development).StartingAsync(CancellationToken.None);

    [Fact]
    public async Task StartingAsync_Told_Starts() =>
        await CreateSut([("urls", "http://*:1")], new GatewayOptions { AllowAnonymous = true }).StartingAsync(CancellationToken.None);

    [Fact]
    public async Task Start_BeyondLoopbackWithoutKeys_StopsBeforeItListens()
    {
        await using var redis = new RedisServer();
        var port = FreePort.Next();

        var error = await Assert.ThrowsAsync<OptionsValidationException>(() => GatewayHost.StartAsync(redis, $"urls=http://0.0.0.0:{port}"));

        Assert.Contains("ApiKeys:", error.Message, StringComparison.Ordinal);
        Assert.Contains("Gateway:AllowAnonymous=true", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Start_BeyondLoopbackWithKeys_Starts()
    {
        await using var redis = new RedisServer();

        await using var gateway = await GatewayHost.StartAsync(redis, [$"urls=http://0.0.0.0:{FreePort.Next()}", .. new TestKey("one").Settings]);

        Assert.NotNull(gateway);
    }

    [Fact]
    public async Task Start_BadKeys_StopsAndNamesThem()
    {
        await using var redis = new RedisServer();

        var error = await Assert.ThrowsAsync<OptionsValidationException>(
            () => GatewayHost.StartAsync(redis, "ApiKeys:one:Sha256=no", "ApiKeys:two:Role=x"));

        Assert.Contains("ApiKeys:one:Sha256", error.Message, StringComparison.Ordinal);
        Assert.Contains("ApiKeys:two:Role", error.Message, StringComparison.Ordinal);
    }

    private static async Task AssertRefusesAsync(params (string Key, string Value)[] settings)
    {
        var error = await Assert.ThrowsAsync<OptionsValidationException>(() => CreateSut(settings).StartingAsync(CancellationToken.None));

        Assert.Contains("ApiKeys:NAME:Sha256", error.Message, StringComparison.Ordinal);
        Assert.Contains("Gateway:AllowAnonymous=true", error.Message, StringComparison.Ordinal);
    }

    private static AnonymousAccessCheck CreateSut(
        (string Key, string Value)[] settings, GatewayOptions? options = null, string? environment = null, string? listening = null) => new(
        new ApiKeys(new ConfigurationBuilder().Build(), Options.Create(new LimitsOptions()), TimeProvider.System,
        NullLogger<ApiKeys>.Instance),
        Options.Create(options ?? new GatewayOptions()),
        new ConfigurationBuilder().AddInMemoryCollection(settings.Select(one => KeyValuePair.Create(one.Key, (string?)one.Value))).Build(),
        new HostingEnvironment { EnvironmentName = environment ?? Environments.Production },
        new FakeServer(listening));

    private sealed class FakeServer : IServer
    {
        public FakeServer(string? address)
        {
            var addresses = new Addresses();
            if (address is not null) addresses.List.Add(address);
            Features.Set<IServerAddressesFeature>(addresses);
        }

        public IFeatureCollection Features { get; } = new FeatureCollection();

        public Task StartAsync<TContext>(IHttpApplication<TContext> application, CancellationToken cancellationToken)
            where TContext : notnull => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public void Dispose()
        {
        }
    }

    private sealed class Addresses : IServerAddressesFeature
    {
        public List<string> List { get; } = [];

        ICollection<string> IServerAddressesFeature.Addresses => List;

        public bool PreferHostingUrls { get; set; }
    }
}
