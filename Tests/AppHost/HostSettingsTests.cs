using AiPlatform.AppHost;
using Aspire.Hosting;
using Xunit;

namespace AiPlatform.Tests.AppHost;

public sealed class HostSettingsTests
{
    [Fact]
    public void Read_NoSettings_OneOfEach()
    {
        var settings = Read();

        Assert.Equal(
            (1, 1, null, "auto", AiPlatformRedisStart.Auto, false),
            (settings.Workers, settings.Gateways, settings.GatewayPort, settings.Device, settings.RedisStart, settings.RedisInsight));
    }

    [Theory]
    [InlineData("Inference:Replicas", "0", "a number from 1 to 64")]
    [InlineData("Inference:Replicas", "many", "a number from 1 to 64")]
    [InlineData("Gateway:Replicas", "65", "a number from 1 to 64")]
    [InlineData("Gateway:Port", "0", "a number from 1 to 65535")]
    [InlineData("Redis:Start", "docker", "one of auto, container, process")]
    [InlineData("Models:Device", "gpu", "one of auto, cpu, cuda")]
    [InlineData("Redis:Insight", "yes", "true or false")]
    public void Read_BadValue_NamesKeyAndValues(string key, string value, string takes)
    {
        var refused = Assert.Throws<DistributedApplicationException>(() => Read($"--{key}={value}"));

        Assert.Equal($"{key} is '{value}'; it takes {takes}.", refused.Message);
    }

    private static HostSettings Read(params string[] settings) => HostSettings.Read(DistributedApplication.CreateBuilder(settings));
}
