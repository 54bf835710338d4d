using Microsoft.Extensions.Hosting;

namespace AiPlatform.Client.Hosting;

/// <summary>Makes what is registered when the program starts, so that a missing or wrong setting ends the start with its reason.</summary>
internal sealed class StartCheck(Action make) : IHostedService
{
    public Task StartAsync(CancellationToken cancellationToken)
    {
        make();
        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
