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

    [Theory]
    [InlineData("", 1)]
    [InlineData("--Inference:Replicas=3", 3)]
    [InlineData("--Inference:MaxReplicas=4", 4)]
    public void Read_MostWorkers_AreAtLeastTheWorkers(string setting, int expected) =>
        Assert.Equal(expected, Read(setting.Length > 0 ? [setting] : []).MaxWorkers);

    [Fact]
    public void Read_MostWorkersBelowTheWorkers_AreRefused()
    {
        var refused = Assert.Throws<DistributedApplicationException>(() => Read("--Inference:Replicas=3", "--Inference:MaxReplicas=2"));

        Assert.Equal("Inference:MaxReplicas is '2'; it takes a number from 3 to 64.", refused.Message);
    }

    [Theory]
    [InlineData("/no/such/models", "/no/such/models")]
    [InlineData("no/such/models", "/no/such/models")]
    public void Read_NoModelsFolder_NamesTheSettingAndTheFolder(string value, string folder)
    {
        var refused = Assert.Throws<DistributedApplicationException>(() => Read($"--Models:Path={value}"));

        Assert.StartsWith($"Models:Path is '{value}'; there is no folder '", refused.Message, StringComparison.Ordinal);
        Assert.Contains($"{folder}'.", refused.Message, StringComparison.Ordinal);
    }

    private static HostSettings Read(params string[] settings) => HostSettings.Read(DistributedApplication.CreateBuilder(settings));
}
