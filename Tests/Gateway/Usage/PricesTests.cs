using System.Net.Http.Json;
using System.Text.Json;
using AiPlatform.Jobs.Usage;
using AiPlatform.Tests.Fixtures;
using AiPlatform.Tests.Gateway.Fixtures;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Xunit;

namespace AiPlatform.Tests.Gateway.Usage;

public sealed class PricesTests(RedisServer redis) : IClassFixture<RedisServer>
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Usage_ModelsWithAPrice_HaveACost()
    {
        await using var sut = await GatewayHost.StartAsync(
            redis, "Prices:Currency=EUR", "Prices:Models:priced:InputPerMillion=0.15", "Prices:Models:priced:OutputPerMillion=0.6");
        var ledger = sut.Services.GetRequiredService<UsageLedger>();
        ledger.Add("anonymous", "priced", failed: false, 2_000_000, 500_001);
        ledger.Add("anonymous", "free", failed: false, 2_000_000, 500_001);

        var usage = default(JsonElement);
        await Poll.UntilAsync(
            async () =>
            {
                usage = await sut.Client.GetFromJsonAsync<JsonElement>("/v1/usage", Ct);
                return usage.GetProperty("data").GetArrayLength() == 2;
            },
            "both are counted");

        Assert.Equal("EUR", usage.GetProperty("currency").GetString());
        var costs = usage.GetProperty("data").EnumerateArray()
            .ToDictionary(row => row.GetProperty("model").GetString()!, row => row.GetProperty("cost"));
        Assert.Equal((0.600001m, JsonValueKind.Null), (costs["priced"].GetDecimal(), costs["free"].ValueKind));
    }

    [Theory]
    [InlineData("Prices:Models:m:InputPerMillion=-1", "Prices:Models:m:InputPerMillion must be from 0 to 1000000000.")]
    [InlineData("Prices:Models:m:OutputPerMillion=1000000001", "Prices:Models:m:OutputPerMillion must be from 0 to 1000000000.")]
    [InlineData("Prices:Currency=", "Prices:Currency must have 1 to 16 characters.")]
    public async Task Start_BadPrice_IsRefused(string setting, string said)
    {
        var refused = await Assert.ThrowsAsync<OptionsValidationException>(() => GatewayHost.StartAsync(redis, setting));

        Assert.Contains(said, refused.Failures);
    }
}
