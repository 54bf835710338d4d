using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace AiPlatform.ServiceDefaults.Telemetry;

/// <summary>Logs one line when the process has started, with its addresses and its version.</summary>
/// <param name="lifetime">Tells when the start has ended.</param>
/// <param name="environment">The environment, which the line names.</param>
/// <param name="servers">The server; none in a process that does not listen.</param>
/// <param name="logger">The logger.</param>
internal sealed class StartLog(
    IHostApplicationLifetime lifetime, IHostEnvironment environment, IEnumerable<IServer> servers, ILogger<StartLog> logger)
        : IHostedService
{
    public Task StartAsync(CancellationToken cancellationToken)
    {
        lifetime.ApplicationStarted.Register(() => Log.Started(logger, environment.EnvironmentName, Addresses, ProductVersion.Text));
        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    private string Addresses =>
        string.Join(
            ", ", servers.SelectMany(server => server.Features.Get<IServerAddressesFeature>()?.Addresses ?? [])) is { Length: > 0 } listed
            ? listed : "no address";
}
