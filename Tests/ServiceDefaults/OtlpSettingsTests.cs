using AiPlatform.ServiceDefaults.Telemetry;
using Microsoft.Extensions.Configuration;
using Xunit;

namespace AiPlatform.Tests.ServiceDefaults;

public sealed class OtlpSettingsTests
{
    [Fact]
    public void HaveEndpoint_None_IsFalse() => Assert.False(OtlpSettings.HaveEndpoint(Configuration(null, null)));

    [Theory]
    [InlineData("collector:4317", null, "OTEL_EXPORTER_OTLP_ENDPOINT")]
    [InlineData("ftp://collector", null, "OTEL_EXPORTER_OTLP_ENDPOINT")]
    [InlineData("http://collector", "carrier-pigeon", "OTEL_EXPORTER_OTLP_PROTOCOL")]
    public void HaveEndpoint_BadValue_NamesTheSetting(string endpoint, string? protocol, string setting)
    {
        var error = Assert.Throws<InvalidOperationException>(() => OtlpSettings.HaveEndpoint(Configuration(endpoint, protocol)));

        Assert.Contains(setting, error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("http://collector:4318/base", "http/protobuf")]
    [InlineData("http://collector:4317", "grpc")]
    [InlineData("https://collector:4317", null)]
    public void HaveEndpoint_GoodValues_IsTrue(string endpoint, string? protocol) =>
        Assert.True(OtlpSettings.HaveEndpoint(Configuration(endpoint, protocol)));

    private static IConfiguration Configuration(string? endpoint, string? protocol) => new ConfigurationBuilder().AddInMemoryCollection(
    [
        KeyValuePair.Create("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint), KeyValuePair.Create("OTEL_EXPORTER_OTLP_PROTOCOL", protocol),
    ]).Build();
}
