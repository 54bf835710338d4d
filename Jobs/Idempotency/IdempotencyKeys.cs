using AiPlatform.Jobs.Redis;
using Microsoft.Extensions.Options;
using StackExchange.Redis;

namespace AiPlatform.Jobs.Idempotency;

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
