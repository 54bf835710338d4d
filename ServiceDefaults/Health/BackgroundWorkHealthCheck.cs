using AiPlatform.ServiceDefaults.Loops;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace AiPlatform.ServiceDefaults.Health;

/// <summary>
/// Checks that the background loops can do all of their work. Loops that wait, for Redis or for the repair of a key, are named with the
/// reason.
/// </summary>
internal sealed class BackgroundWorkHealthCheck(BackgroundLoops loops) : IHealthCheck
{
    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        var troubles = loops.All
            .Where(loop => loop.Trouble is not null)
            .GroupBy(loop => loop.Trouble, loop => loop.Name, StringComparer.Ordinal)
            .Select(trouble => $"{string.Join(", ", trouble.Order(StringComparer.Ordinal))}: {trouble.Key}")
            .ToList();

        return Task.FromResult(troubles.Count == 0
            ? HealthCheckResult.Healthy("The background loops do their work.")
            : HealthCheckResult.Degraded(string.Join(" ", troubles)));
    }
}
