using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using OpenTelemetry;
using OpenTelemetry.Logs;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;

namespace AiPlatform.ServiceDefaults.Telemetry;

/// <summary>Exports traces, metrics and logs over OTLP when an endpoint is configured; costs nothing otherwise.</summary>
internal static class TelemetryRegistration
{
    private static readonly string[] ActivitySources = [TelemetrySources.Name, RequestSpans.Source, "System.Net.Http"];

    private static readonly string[] Meters =
    [
        TelemetrySources.Name, "Microsoft.AspNetCore.Hosting", "Microsoft.AspNetCore.Server.Kestrel", "System.Net.Http", "System.Runtime",
    ];

    public static void AddTelemetry(this IHostApplicationBuilder builder, string serviceName)
    {
        if (OtlpSettings.From(builder.Configuration) is not { } otlp) return;

        RequestSpans.Fill();
        var resource = ResourceBuilder.CreateDefault()
            .AddService(serviceName, serviceInstanceId: $"{Environment.MachineName}:{Environment.ProcessId}")
            .AddEnvironmentVariableDetector();

        builder.Logging.AddOpenTelemetry(logs =>
        {
            logs.IncludeFormattedMessage = true;
            // The framework's scopes repeat the path, in which callers write; the trace's id is in every record without them.
            logs.IncludeScopes = false;
            logs.SetResourceBuilder(resource).AddOtlpExporter(exporter => otlp.Apply(exporter, "logs"));
        });
        builder.Services.AddSingleton(_ => Sdk.CreateTracerProviderBuilder()
            .SetResourceBuilder(resource)
            .AddSource(ActivitySources)
            .AddProcessor(new RequestSpans())
            .AddOtlpExporter(exporter => otlp.Apply(exporter, "traces"))
            .Build());
        builder.Services.AddSingleton(_ => Sdk.CreateMeterProviderBuilder()
            .SetResourceBuilder(resource)
            .AddMeter(Meters)
            .AddOtlpExporter(exporter => otlp.Apply(exporter, "metrics"))
            .Build());
        builder.Services.AddHostedService<TelemetryService>();
    }
}
