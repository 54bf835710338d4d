using AiPlatform.ServiceDefaults.Telemetry;
using Microsoft.Extensions.Configuration;
using OpenTelemetry.Exporter;
using Xunit;

namespace AiPlatform.Tests.ServiceDefaults;

public sealed class OtlpSettingsTests
{
    [Fact]
    public void From_NoEndpoint_IsNull() => Assert.Null(OtlpSettings.From(Configuration(null, null)));

    [Theory]
    [InlineData("collector:4317", null, "OTEL_EXPORTER_OTLP_ENDPOINT")]
    [InlineData("ftp://collector", null, "OTEL_EXPORTER_OTLP_ENDPOINT")]
    [InlineData("http://collector", "carrier-pigeon", "OTEL_EXPORTER_OTLP_PROTOCOL")]
    public void From_BadValue_NamesTheSetting(string endpoint, string? protocol, string setting)
    {
        var error = Assert.Throws<InvalidOperationException>(() => OtlpSettings.From(Configuration(endpoint, protocol)));

        Assert.Contains(setting, error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("http://collector:4318/", "http/protobuf", OtlpExportProtocol.HttpProtobuf, "http://collector:4318/v1/logs")]
    [InlineData("http://collector:4318/base", "http/protobuf", OtlpExportProtocol.HttpProtobuf, "http://collector:4318/base/v1/logs")]
    [InlineData("http://collector:4317", "grpc", OtlpExportProtocol.Grpc, "http://collector:4317/")]
    [InlineData("http://collector:4317", null, OtlpExportProtocol.Grpc, "http://collector:4317/")]
    public void Apply_Protocol_HasItsOwnAddress(string endpoint, string? protocol, OtlpExportProtocol expected, string address)
    {
        var exporter = new OtlpExporterOptions();

        OtlpSettings.From(Configuration(endpoint, protocol))!.Apply(exporter, "logs");

        Assert.Equal((expected, address), (exporter.Protocol, exporter.Endpoint.ToString()));
    }

    private static IConfiguration Configuration(string? endpoint, string? protocol) => new ConfigurationBuilder().AddInMemoryCollection(
    [
        KeyValuePair.Create("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint), KeyValuePair.Create("OTEL_EXPORTER_OTLP_PROTOCOL", protocol),
    ]).Build();
}
