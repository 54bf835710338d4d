using System.Net.Sockets;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;
using OpenTelemetry.Metrics;

namespace AiPlatform.ServiceDefaults.Telemetry;

/// <summary>
/// Serves <c>/metrics</c> at <see cref="MetricsOptions.Url"/>, and nothing else. It is a server of its own, so that no route of the process
/// can be reached there, and no check of the process' own addresses has to know it.
/// </summary>
internal sealed class MetricsServer(IServiceProvider services, IOptions<MetricsOptions> options) : IHostedService, IAsyncDisposable
{
    public const string Path = "/metrics";

    private WebApplication? _app;

    /// <summary>
    /// Maps <c>/metrics</c> beside the process' other routes, unless it is off or has an address of its own.
    /// </summary>
    /// <returns>The route; null when it is not here.</returns>
    public static IEndpointConventionBuilder? Map(IEndpointRouteBuilder routes) =>
        routes.ServiceProvider.GetRequiredService<IOptions<MetricsOptions>>().Value is { Prometheus: true, Url: null or "" }
            ? routes.MapPrometheusScrapingEndpoint(Path).WithMetadata(new HttpMethodMetadata(["GET"]))
            : null;

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        if (options.Value is not { Prometheus: true, Url: { Length: > 0 } url }) return;

        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().UseUrls(url);
        _app = builder.Build();
        _app.UseOpenTelemetryPrometheusScrapingEndpoint(
            services.GetRequiredService<MeterProvider>(), predicate: null, path: Path, configureBranchedPipeline: null, optionsName: null);
        try
        {
            await _app.StartAsync(cancellationToken);
        }
        catch (Exception failed) when (failed is IOException or SocketException or FormatException or InvalidOperationException)
        {
            throw new InvalidOperationException(
                $"{MetricsOptionsValidator.Url} is '{url}', where this process cannot listen: {failed.Message} Each process of a machine "
                + "needs an address of its own.",
                failed);
        }
    }

    public Task StopAsync(CancellationToken cancellationToken) => _app?.StopAsync(cancellationToken) ?? Task.CompletedTask;

    public ValueTask DisposeAsync() => _app?.DisposeAsync() ?? ValueTask.CompletedTask;
}
