using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using OpenTelemetry;
using OpenTelemetry.Logs;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;

namespace AiPlatform.ServiceDefaults.Telemetry;

/// <summary>
/// Says what is logged. Exports traces, metrics and logs over OTLP when an endpoint is configured; costs nothing otherwise.
/// </summary>
internal static class TelemetryRegistration
{
    private static readonly string[] ActivitySources = [TelemetrySources.Name, RequestSpans.Source, "System.Net.Http"];

    private static readonly string[] Meters =
    [
        TelemetrySources.Name, "Microsoft.AspNetCore.Hosting", "Microsoft.AspNetCore.Server.Kestrel", "Polly", "System.Net.Http",
        "System.Runtime",
    ];

    public static void AddTelemetry(this IHostApplicationBuilder builder, string serviceName, IReadOnlyCollection<string> probes)
    {
        builder.Configuration.AddLogDefaults();
        builder.Services.AddHostedService<StartLog>();
        if (!OtlpSettings.HaveEndpoint(builder.Configuration)) return;

        RequestSpans.Fill();
        builder.Services.AddOpenTelemetry()
            .ConfigureResource(resource => resource
                .AddService(
                    serviceName,
                    serviceVersion: ProductVersion.Text,
                    serviceInstanceId: $"{Environment.MachineName}:{Environment.ProcessId}")
                .AddEnvironmentVariableDetector())
            .WithTracing(traces => traces.AddSource(ActivitySources).AddProcessor(new RequestSpans(probes)))
            .WithMetrics(metrics => metrics.AddMeter(Meters))
            .WithLogging(null, logs =>
            {
                logs.IncludeFormattedMessage = true;
                // The framework's scopes repeat the path, in which callers write; the trace's id is in every record without them.
                logs.IncludeScopes = false;
            })
            .UseOtlpExporter();
    }
}
