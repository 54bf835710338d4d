using AiPlatform.Jobs.Redis;
using Microsoft.Extensions.Options;
using StackExchange.Redis;

namespace AiPlatform.Jobs.Idempotency;

/// <summary>
/// The idempotency keys of tenants. A key is claimed for a job before the job is submitted; a request that repeats the key submits the same
/// id, so a crash between the two steps is repaired by the repetition.
/// </summary>
public interface IIdempotencyKeys
{
    /// <summary>Claims a key unless it is claimed already. A claim ends before its job does.</summary>
    /// <param name="tenant">Whose key it is.</param>
    /// <param name="key">The key with the request's fingerprint.</param>
    /// <param name="id">The job to claim it for.</param>
    /// <param name="cancellationToken">Ends the wait; the key may have been claimed nevertheless.</param>
    /// <returns>The job that the key is claimed for; null when it was claimed for another request.</returns>
    /// <exception cref="QueueUnavailableException">Redis does not serve.</exception>
    Task<JobId?> ClaimAsync(string tenant, IdempotencyKey key, JobId id, CancellationToken cancellationToken);

    /// <summary>Releases a key whose job was refused, unless it is now claimed for another job.</summary>
    /// <exception cref="QueueUnavailableException">Redis does not serve.</exception>
    Task ReleaseAsync(string tenant, IdempotencyKey key, JobId id, CancellationToken cancellationToken);
}

/// <summary>A caller's key for a request that it may send again.</summary>
/// <param name="Value">The key: 1 to 255 visible ASCII characters.</param>
/// <param name="Fingerprint">A hash of route and body, without blanks. It shows whether two requests with the same key are equal.</param>
public sealed record IdempotencyKey(string Value, string Fingerprint);

internal sealed class IdempotencyKeys(ScriptRunner scripts, IOptions<JobsOptions> options) : IIdempotencyKeys
{
    public async Task<JobId?> ClaimAsync(string tenant, IdempotencyKey key, JobId id, CancellationToken cancellationToken)
    {
        // A job is kept as long from its end as the claim from now: the claim ends first.
        RedisValue[] arguments = [key.Value, ClaimOf(key, id), ScriptArgument.Milliseconds(options.Value.ResultTtl)];
        var reply = (string?)await scripts.RunAsync(JobScript.Claim, RedisKeys.TenantBase(tenant), arguments, cancellationToken);
        if (string.IsNullOrEmpty(reply)) return id;

        return reply.Split(' ') is [var claimed, var fingerprint] && fingerprint == key.Fingerprint
            && JobId.TryParse(claimed, out var earlier)
            ? earlier
            : null;
    }

    public Task ReleaseAsync(string tenant, IdempotencyKey key, JobId id, CancellationToken cancellationToken) =>
        scripts.RunAsync(JobScript.Unclaim, RedisKeys.TenantBase(tenant), [key.Value, ClaimOf(key, id)], cancellationToken);

    private static string ClaimOf(IdempotencyKey key, JobId id) => $"{id} {key.Fingerprint}";
}
