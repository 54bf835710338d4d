using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using OpenTelemetry;
using OpenTelemetry.Logs;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;

namespace AiPlatform.ServiceDefaults.Telemetry;

/// <summary>
/// Sets the default log levels, and exports traces, metrics and logs over OTLP if an endpoint is configured. Without one it costs nothing.
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
                // The framework's scopes repeat the path, which callers write. Every record has the trace's id without them.
                logs.IncludeScopes = false;
            })
            .UseOtlpExporter();
    }
}
