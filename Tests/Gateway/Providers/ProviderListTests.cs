using System.Net.Http.Json;
using System.Text.Json;
using AiPlatform.Tests.Fixtures;
using AiPlatform.Tests.Gateway.Fixtures;
using Xunit;

namespace AiPlatform.Tests.Gateway.Providers;

/// <summary><c>GET /v1/providers</c>.</summary>
public sealed class ProviderListTests : IAsyncLifetime
{
    private readonly RedisServer _redis = new();

    public ValueTask InitializeAsync() => _redis.InitializeAsync();

    public ValueTask DisposeAsync() => _redis.DisposeAsync();

    [Fact]
    public async Task GetProviders_NoneConfigured_IsAnEmptyList()
    {
        await using var sut = await GatewayHost.StartAsync(_redis);

        Assert.Equal("""{"object":"list","data":[]}""", await sut.Client.GetStringAsync("/v1/providers"));
    }

    [Fact]
    public async Task GetProviders_CallsFail_TellsTheBreakerAndTheLastFailuresButNoSecrets()
    {
        await using var sut = await ProviderGateway.StartAsync(
            _redis, "Models:gpt:MaxRetries=0", "Models:gpt:UpstreamModel=gpt-4o-mini", "Providers:fake:BreakerAttempts=4",
            "Providers:fake:BreakerFailureRatio=0.5", "Providers:fake:BreakerPause=00:10:00", "Providers:fake:MaxConcurrentCalls=7");
        Assert.Equal(("closed", 0), StateOf(await ReadAsync(sut)));

        // A wrong request says nothing of the provider.
        sut.Provider.Script(
            FakeProvider.Fails(400), FakeProvider.Fails(503), FakeProvider.ResetsAsync,
            FakeProvider.Fails(500, "code", $"{FakeProvider.Key}"));
        for (var i = 0; i < 5; i++) await sut.ChatAsync();

        var provider = await ReadAsync(sut);
        Assert.Equal(("open", 3), StateOf(provider));
        Assert.Equal(
            ["status_500", "connection", "status_503"],
            provider.GetProperty("failures").EnumerateArray().Select(one => one.GetProperty("reason").GetString()));
        Assert.Equal("gpt", provider.GetProperty("failures")[0].GetProperty("model").GetString());
        Assert.Equal((0, 7), (provider.GetProperty("calls").GetInt32(), provider.GetProperty("max_calls").GetInt32()));
        Assert.Equal("""[{"model":"gpt","upstream_model":"gpt-4o-mini"}]""", provider.GetProperty("models").GetRawText());
        Assert.DoesNotContain(FakeProvider.Key, provider.GetRawText(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task GetProviders_ManyFailures_KeepsTheLastTen()
    {
        await using var sut = await ProviderGateway.StartAsync(_redis, "Models:gpt:MaxRetries=0", "Providers:fake:BreakerAttempts=10000");
        sut.Provider.Otherwise = FakeProvider.Fails(503);
        for (var i = 0; i < 12; i++) await sut.ChatAsync();
        sut.Provider.Script(FakeProvider.Fails(500));
        await sut.ChatAsync();

        var failures = (await ReadAsync(sut)).GetProperty("failures").EnumerateArray().ToList();

        Assert.Equal(10, failures.Count);
        Assert.Equal("status_500", failures[0].GetProperty("reason").GetString());
    }

    [Fact]
    public async Task GetProviders_KeyInTheUrl_IsNotShown()
    {
        await using var sut = await GatewayHost.StartAsync(
            _redis, "Providers:p:BaseUrl=https://api.example/secret-key-of-provider/v1", "Providers:p:ApiKey=secret-key-of-provider");

        var text = await sut.Client.GetStringAsync("/v1/providers");

        Assert.Contains("https://api.example/***/v1\"", text, StringComparison.Ordinal);
    }

    private static (string? Breaker, int Failures) StateOf(JsonElement provider) =>
        (provider.GetProperty("breaker").GetString(), provider.GetProperty("failures").GetArrayLength());

    private static async Task<JsonElement> ReadAsync(ProviderGateway sut)
    {
        var list = await sut.Gateway.Client.GetFromJsonAsync<JsonElement>("/v1/providers");
        return Assert.Single(list.GetProperty("data").EnumerateArray());
    }
}
