using Microsoft.Extensions.Configuration;

namespace AiPlatform.ServiceDefaults.Telemetry;

/// <summary>
/// OpenTelemetry's standard settings, which its exporter reads itself: <c>OTEL_EXPORTER_OTLP_ENDPOINT</c> (nothing is exported without
/// it), <c>OTEL_EXPORTER_OTLP_PROTOCOL</c> (<c>grpc</c>, the default, or <c>http/protobuf</c>), <c>OTEL_EXPORTER_OTLP_HEADERS</c>.
/// The exporter ignores an invalid value; this class refuses it.
/// </summary>
internal static class OtlpSettings
{
    /// <returns>Whether an endpoint is configured.</returns>
    /// <exception cref="InvalidOperationException">A setting has an invalid value; the message names it.</exception>
    public static bool HaveEndpoint(IConfiguration configuration)
    {
        var endpoint = configuration["OTEL_EXPORTER_OTLP_ENDPOINT"];
        if (string.IsNullOrWhiteSpace(endpoint)) return false;
        if (!Uri.TryCreate(endpoint, UriKind.Absolute, out var uri) || uri.Scheme is not ("http" or "https"))
        {
            throw new InvalidOperationException(
                $"OTEL_EXPORTER_OTLP_ENDPOINT is '{endpoint}': give an http or https address, such as http://127.0.0.1:4317.");
        }

        return configuration["OTEL_EXPORTER_OTLP_PROTOCOL"] is null or "" or "grpc" or "http/protobuf"
            ? true
            : throw new InvalidOperationException(
                $"OTEL_EXPORTER_OTLP_PROTOCOL is '{configuration["OTEL_EXPORTER_OTLP_PROTOCOL"]}': use grpc or http/protobuf.");
    }
}
