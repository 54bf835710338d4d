using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using OpenTelemetry;
using OpenTelemetry.Logs;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;

namespace AiPlatform.ServiceDefaults.Telemetry;

/// <summary>
/// Sets the default log levels, exports traces, metrics and logs over OTLP if an endpoint is configured, and serves metrics to Prometheus
/// if that is wanted. Without either it costs nothing.
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
        builder.Services.AddOptionsWithValidateOnStart<MetricsOptions, MetricsOptionsValidator>().BindConfiguration(
            MetricsOptions.SectionName);
        builder.Services.AddHostedService<MetricsServer>();
        var forPrometheus = builder.Configuration.GetSection(MetricsOptions.SectionName).Get<MetricsOptions>() is { Prometheus: true };
        var overOtlp = OtlpSettings.HaveEndpoint(builder.Configuration);
        if (!forPrometheus && !overOtlp) return;

        var telemetry = builder.Services.AddOpenTelemetry()
            .ConfigureResource(resource => resource
                .AddService(
                    serviceName,
                    serviceVersion: ProductVersion.Text,
                    serviceInstanceId: $"{Environment.MachineName}:{Environment.ProcessId}")
                .AddEnvironmentVariableDetector())
            .WithMetrics(metrics => metrics.AddMeter(Meters));
        if (forPrometheus) telemetry.WithMetrics(metrics => metrics.AddPrometheusExporter());
        if (!overOtlp) return;

        RequestSpans.Fill();
        builder.Services.AddHostedService<ContentCapture>();
        string[] sources = ContentCapture.IsOn(builder.Configuration, builder.Environment)
            ? [.. ActivitySources, TelemetrySources.ContentName] : ActivitySources;
        telemetry
            .WithTracing(traces => traces.AddSource(sources).AddProcessor(new RequestSpans(probes)))
            .WithLogging(null, logs =>
            {
                logs.IncludeFormattedMessage = true;
                // The framework's scopes repeat the path, which callers write. Every record has the trace's id without them.
                logs.IncludeScopes = false;
            })
            .UseOtlpExporter();
    }
}
