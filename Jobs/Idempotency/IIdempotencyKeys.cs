using AiPlatform.Jobs.Redis;
using Microsoft.Extensions.Options;
using StackExchange.Redis;

namespace AiPlatform.Jobs.Idempotency;

/// <summary>
/// The idempotency keys of tenants. A key is claimed for a job before the job is submitted; a request that repeats the
/// key submits the same id, so that the repetition repairs a crash between the two steps.
/// </summary>
public interface IIdempotencyKeys
{
    /// <summary>Claims a key unless it is claimed already. A claim ends before its job does.</summary>
    /// <param name="tenant">Whose key it is.</param>
    /// <param name="key">The key with the request's fingerprint.</param>
    /// <param name="id">The job to claim it for.</param>
    /// <param name="cancellationToken">Ends the wait; the claim may stand all the same.</param>
    /// <returns>The job that it is claimed for; null when it was claimed for another request.</returns>
    /// <exception cref="QueueUnavailableException">Redis does not serve.</exception>
    Task<JobId?> ClaimAsync(string tenant, IdempotencyKey key, JobId id, CancellationToken cancellationToken);

    /// <summary>Gives a key back whose job was refused, unless it is claimed for another job by now.</summary>
    /// <exception cref="QueueUnavailableException">Redis does not serve.</exception>
    Task ReleaseAsync(string tenant, IdempotencyKey key, JobId id, CancellationToken cancellationToken);
}

/// <summary>What a caller names a request by that it may send again.</summary>
/// <param name="Value">The key: 1 to 255 visible ASCII characters.</param>
/// <param name="Fingerprint">What tells the request from others with the same key, without blanks: a hash of route and body.</param>
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
