using Microsoft.Extensions.Options;
using StackExchange.Redis;

namespace AiPlatform.Jobs.Store;

internal sealed class IdempotencyKeys(ScriptRunner scripts, IOptions<JobsOptions> options) : IIdempotencyKeys
{
    public async Task<JobId?> ClaimAsync(string tenant, IdempotencyKey key, JobId id, CancellationToken cancellationToken)
    {
        var claim = $"{id} {key.Fingerprint}";
        // A job is kept as long from its end as the claim from now: the claim ends first.
        RedisValue[] arguments = [key.Value, claim, ScriptArgument.Milliseconds(options.Value.ResultTtl)];
        var reply = (string?)await scripts.RunAsync(JobScript.Claim, RedisKeys.TenantBase(tenant), arguments, cancellationToken);
        if (string.IsNullOrEmpty(reply)) return id;

        return reply.Split(' ') is [var claimed, var fingerprint] && fingerprint == key.Fingerprint && JobId.TryParse(claimed, out var earlier)
            ? earlier
            : null;
    }
}
