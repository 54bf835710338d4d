using Microsoft.Extensions.Diagnostics.HealthChecks;
using StackExchange.Redis;

namespace AiPlatform.ServiceDefaults.Redis;

/// <summary>
/// Redis answers, takes jobs, and would not drop them. One that cannot be reached, or refuses what a submit needs (it is full, a replica,
/// cannot save), gives the status that the process registered (a Gateway is degraded, a worker not ready); one that evicts keys is never
/// ready.
/// </summary>
internal sealed class RedisHealthCheck(IConnectionMultiplexer redis, TimeProvider time) : IHealthCheck
{
    /// <summary>
    /// Refused by Redis wherever a submit is, since nothing says that it only reads. INFO inside a script: the client takes it for an
    /// administrator's command otherwise.
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
