using AiPlatform.Gateway.Configuration;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.Options;

namespace AiPlatform.Gateway.Callers;

/// <summary>
/// Stops a Gateway that would serve callers beyond this machine without a key. It checks the configuration before the Gateway listens, and
/// the real addresses once it listens.
/// </summary>
internal sealed class AnonymousAccessCheck(
    ApiKeys keys, IOptions<GatewayOptions> options, IConfiguration configuration, IHostEnvironment environment, IServer server)
    : IHostedLifecycleService
{
    public Task StartingAsync(CancellationToken cancellationToken)
    {
        Check(ListenAddresses.Configured(configuration));
        return Task.CompletedTask;
    }

    public Task StartedAsync(CancellationToken cancellationToken)
    {
        Check(server.Features.Get<IServerAddressesFeature>()?.Addresses ?? []);
        return Task.CompletedTask;
    }

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    private void Check(IEnumerable<string> addresses)
    {
        if (keys.AreNeeded || options.Value.AllowAnonymous || environment.IsDevelopment()) return;

        if (addresses.FirstOrDefault(address => !ListenAddresses.IsLocal(address)) is not { } open) return;
        throw new OptionsValidationException(
            GatewayOptions.SectionName,
            typeof(GatewayOptions),
            [
                $"The Gateway has no API keys and would listen on {open}, so that everybody who reaches it could do everything. Configure "
                + $"{ApiKeyForm.SectionName}:NAME:Sha256, or set "
                + $"{GatewayOptions.SectionName}:{nameof(GatewayOptions.AllowAnonymous)}=true "
                + "if that is meant; on 127.0.0.1 neither is needed.",
            ]);
    }
}
