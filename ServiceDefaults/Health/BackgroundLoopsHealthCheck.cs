using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;

namespace AiPlatform.ServiceDefaults.Health;

/// <summary>Every background loop of the process runs. One that has ended, with or without an exception, ends liveness.</summary>
internal sealed class BackgroundLoopsHealthCheck(IServiceProvider services) : IHealthCheck
{
    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        var dead = services.GetServices<IHostedService>().OfType<BackgroundService>()
            .Where(loop => loop.ExecuteTask is { IsCompleted: true } and not { IsCanceled: true })
            .Select(loop => loop.GetType().Name)
            .ToList();

        return Task.FromResult(dead.Count == 0
            ? HealthCheckResult.Healthy("Every background loop runs.")
            : HealthCheckResult.Unhealthy($"Background loops have ended: {string.Join(", ", dead)}. The process must be restarted."));
    }
}
