using AiPlatform.ServiceDefaults.Telemetry;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Logging;

namespace AiPlatform.ServiceDefaults.Health;

/// <summary>
/// Logs a line when a check's status changes, however often it is probed. A check that was never healthy counts as starting.
/// </summary>
internal sealed class HealthLog(ILogger<HealthLog> logger)
{
    private readonly Lock _gate = new();
    private readonly Dictionary<string, (HealthStatus Status, bool WasHealthy)> _last = new(StringComparer.Ordinal);

    public void Note(HealthReport report)
    {
        lock (_gate)
        {
            foreach (var (name, entry) in report.Entries)
            {
                var (before, wasHealthy) = _last.GetValueOrDefault(name, (HealthStatus.Healthy, false));
                var isHealthy = entry.Status == HealthStatus.Healthy;
                _last[name] = (entry.Status, wasHealthy || isHealthy);
                if (entry.Status == before) continue;

                var level = isHealthy || !wasHealthy ? LogLevel.Information : LogLevel.Warning;
                Log.HealthChanged(logger, level, name, entry.Status, entry.Description);
            }
        }
    }
}
