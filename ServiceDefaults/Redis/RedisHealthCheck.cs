using Microsoft.Extensions.Diagnostics.HealthChecks;
using StackExchange.Redis;

namespace AiPlatform.ServiceDefaults.Redis;

/// <summary>
/// Checks that Redis answers, accepts jobs, and would not evict them. If Redis cannot be reached, or refuses what a submit needs (it is
/// full, a replica, cannot save), the check has the status that the process registered (a Gateway is degraded, a worker is not ready). With
/// a Redis that evicts keys a process is never ready.
/// </summary>
internal sealed class RedisHealthCheck(IConnectionMultiplexer redis, TimeProvider time) : IHealthCheck
{
    /// <summary>
    /// A script that Redis refuses whenever it refuses a submit, because the script is not marked as read-only. INFO is inside a script,
    /// because the client treats it as an administrator's command otherwise.
    /// </summary>
    private const string Memory = "#!lua\nreturn redis.call('INFO', 'memory')";

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(1);

    public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        try
        {
            var memory = (string?)await redis.GetDatabase().ExecuteAsync("EVAL", Memory, 0).WaitAsync(Patience, time, cancellationToken);
            var policy = Policy(memory ?? "");
            return policy is null or "noeviction"
                ? HealthCheckResult.Healthy("Redis answers, and takes jobs.")
                : HealthCheckResult.Unhealthy(
                    $"Redis runs with maxmemory-policy {policy} and would drop jobs: set it to noeviction.");
        }
        catch (RedisServerException refused)
        {
            return new HealthCheckResult(
                context.Registration.FailureStatus,
                RedisWords.Explain(refused.Message)?.Reason ?? $"Redis refuses to tell how it is: {refused.Message}", refused);
        }
        catch (RedisCommandException refused)
        {
            return new HealthCheckResult(context.Registration.FailureStatus, RedisWords.NoPrimary, refused);
        }
        catch (Exception unreachable) when (unreachable is RedisException or TimeoutException or ObjectDisposedException)
        {
            return new HealthCheckResult(context.Registration.FailureStatus, RedisWords.CannotBeReached, unreachable);
        }
    }

    private static string? Policy(string memory)
    {
        const string Field = "maxmemory_policy:";
        foreach (var line in memory.AsSpan().EnumerateLines())
            if (line.StartsWith(Field)) return line[Field.Length..].ToString();
        return null;
    }
}
