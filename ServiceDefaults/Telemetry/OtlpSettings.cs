using Microsoft.Extensions.Configuration;
using OpenTelemetry.Exporter;

namespace AiPlatform.ServiceDefaults.Telemetry;

/// <summary>
/// Where telemetry goes, by OpenTelemetry's standard settings: <c>OTEL_EXPORTER_OTLP_ENDPOINT</c> (nothing is exported without
/// it), <c>OTEL_EXPORTER_OTLP_PROTOCOL</c> (<c>grpc</c>, the default, or <c>http/protobuf</c>), <c>OTEL_EXPORTER_OTLP_HEADERS</c>.
/// </summary>
internal sealed record OtlpSettings(Uri Endpoint, OtlpExportProtocol Protocol, string? Headers)
{
    /// <returns>Null when no endpoint is configured.</returns>
    /// <exception cref="InvalidOperationException">A setting is there but cannot be used; names it.</exception>
    public static OtlpSettings? From(IConfiguration configuration)
    {
        var endpoint = configuration["OTEL_EXPORTER_OTLP_ENDPOINT"];
        if (string.IsNullOrWhiteSpace(endpoint)) return null;
        if (!Uri.TryCreate(endpoint, UriKind.Absolute, out var uri) || uri.Scheme is not ("http" or "https"))
            throw new InvalidOperationException($"OTEL_EXPORTER_OTLP_ENDPOINT is '{endpoint}': give an http or https address, such as http://127.0.0.1:4317.");

        var protocol = configuration["OTEL_EXPORTER_OTLP_PROTOCOL"] switch
        {
            null or "" or "grpc" => OtlpExportProtocol.Grpc,
            "http/protobuf" => OtlpExportProtocol.HttpProtobuf,
            var other => throw new InvalidOperationException($"OTEL_EXPORTER_OTLP_PROTOCOL is '{other}': use grpc or http/protobuf."),
        };
        return new OtlpSettings(uri, protocol, configuration["OTEL_EXPORTER_OTLP_HEADERS"]);
    }

    /// <summary>Applies them to the exporter of one signal: <c>traces</c>, <c>metrics</c> or <c>logs</c>.</summary>
    public void Apply(OtlpExporterOptions exporter, string signal)
    {
        exporter.Protocol = Protocol;
        exporter.Endpoint = Protocol == OtlpExportProtocol.HttpProtobuf
            ? new Uri($"{Endpoint.ToString().TrimEnd('/')}/v1/{signal}")
            : Endpoint;
        if (!string.IsNullOrEmpty(Headers)) exporter.Headers = Headers;
    }
}
