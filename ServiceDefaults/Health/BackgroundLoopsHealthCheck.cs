using AiPlatform.ServiceDefaults.Loops;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;

namespace AiPlatform.ServiceDefaults.Health;

/// <summary>
/// Checks that every background loop of the process runs, including those of libraries. A loop that has ended, with or without an
/// exception, ends liveness.
/// </summary>
internal sealed class BackgroundLoopsHealthCheck(BackgroundLoops loops, IServiceProvider services) : IHealthCheck
{
    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        var dead = loops.All.Where(loop => loop.Death is not null).Select(loop => loop.Name)
            .Concat(services.GetServices<IHostedService>().OfType<BackgroundService>()
                .Where(service => service.ExecuteTask is { IsCompleted: true } and not { IsCanceled: true })
                .Select(service => service.GetType().Name))
            .ToList();

        return Task.FromResult(dead.Count == 0
            ? HealthCheckResult.Healthy("Every background loop runs.")
            : HealthCheckResult.Unhealthy($"Background loops have ended: {string.Join(", ", dead)}. The process must be restarted."));
    }
}
