using AiPlatform.Tests.Fixtures;
using AiPlatform.Tests.Gateway.Fixtures;
using Microsoft.Extensions.Options;
using Xunit;

namespace AiPlatform.Tests.Gateway.Configuration;

public sealed class GatewayOptionsTests
{
    [Theory]
    [InlineData("Gateway:MaxBodyBytes=1", "MaxBodyBytes")]
    [InlineData("Gateway:RequestTimeout=00:00:00", "RequestTimeout")]
    [InlineData("Gateway:MaxRequestTimeout=02:00:00", "MaxRequestTimeout")]
    [InlineData("Gateway:Hosts:0=gateway:8080", "Gateway:Hosts has 'gateway:8080'")]
    [InlineData("Gateway:Hosts:0=http://gateway", "Gateway:Hosts has 'http://gateway'")]
    [InlineData("Gateway:CorsOrigins:0=*", "Gateway:CorsOrigins has '*'")]
    [InlineData("Gateway:CorsOrigins:0=https://app.example.com/", "Gateway:CorsOrigins has 'https://app.example.com/'")]
    [InlineData("Gateway:CorsOrigins:0=https://App.example.com", "Gateway:CorsOrigins has 'https://App.example.com'")]
    [InlineData("Gateway:CorsOrigins:0=null", "Gateway:CorsOrigins has 'null'")]
    [InlineData("Gateway:RequestTimeout=00:20:00", "Gateway:RequestTimeout must not be longer than Gateway:MaxRequestTimeout")]
    public async Task Start_BadValue_StopsAndNamesIt(string setting, string named)
    {
        await using var redis = new RedisServer();

        var error = await Assert.ThrowsAsync<OptionsValidationException>(() => GatewayHost.StartAsync(redis, setting));

        Assert.Contains(named, error.Message, StringComparison.Ordinal);
    }
}
