using AiPlatform.Tests.Fixtures;
using AiPlatform.Tests.Gateway.Fixtures;
using Microsoft.Extensions.Options;
using Xunit;

namespace AiPlatform.Tests.Gateway;

public sealed class GatewayOptionsTests
{
    [Theory]
    [InlineData("Gateway:MaxBodyBytes=1", "MaxBodyBytes")]
    [InlineData("Gateway:RequestTimeout=00:00:00", "RequestTimeout")]
    [InlineData("Gateway:MaxRequestTimeout=02:00:00", "MaxRequestTimeout")]
    [InlineData("Gateway:RequestTimeout=00:20:00", "Gateway:RequestTimeout must not be longer than Gateway:MaxRequestTimeout")]
    public async Task Start_BadValue_StopsAndNamesIt(string setting, string named)
    {
        await using var redis = new RedisServer();

        var error = await Assert.ThrowsAsync<OptionsValidationException>(() => GatewayHost.StartAsync(redis, setting));

        Assert.Contains(named, error.Message, StringComparison.Ordinal);
    }
}
