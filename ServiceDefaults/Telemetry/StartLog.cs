using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace AiPlatform.ServiceDefaults.Telemetry;

/// <summary>Writes the one line of a start: that it is over, where the process listens, and which version it is.</summary>
/// <param name="lifetime">Says when it is.</param>
/// <param name="environment">Named in the line.</param>
/// <param name="servers">The server; none in a process that listens nowhere.</param>
/// <param name="logger">Where to.</param>
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
