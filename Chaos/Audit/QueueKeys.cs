using AiPlatform.Chaos.Processes;
using AiPlatform.Jobs;
using AiPlatform.Jobs.Redis;

namespace AiPlatform.Chaos.Audit;

/// <summary>The keys of queues in Redis: those of open jobs, of jobs that ended, and of processes that look for work.</summary>
internal sealed class QueueKeys(IRedisSetup redis, IReadOnlyList<QueueName> queues)
{
    /// <summary>Keys of jobs that ended, which are kept for some time.</summary>
    private static readonly string[] OfEnded = ["job:", "events:", "jobs:", "tenants", "drained:", "bytes"];

    /// <summary>Marks that processes renew as long as they live.</summary>
    private static readonly string[] OfProcesses = ["waiting", "offers", "swept"];

    /// <summary>Waits until no job waits or runs, so that nothing is left in any lane, index or counter.</summary>
    public Task UntilNoJobIsOpenAsync(TimeSpan bound, CancellationToken cancellationToken) =>
        UntilOnlyAsync([.. OfEnded, .. OfProcesses], "no job waits or runs", bound, cancellationToken);

    /// <summary>Waits until everything about jobs has expired.</summary>
    public Task UntilOnlyProcessesAreLeftAsync(TimeSpan bound, CancellationToken cancellationToken) =>
        UntilOnlyAsync(OfProcesses, "everything about jobs has expired", bound, cancellationToken);

    /// <summary>Waits until no keys are left.</summary>
    public Task UntilNoneIsLeftAsync(TimeSpan bound, CancellationToken cancellationToken) =>
        UntilOnlyAsync([], "no key of the queues is left", bound, cancellationToken);

    private async Task UntilOnlyAsync(string[] allowed, string what, TimeSpan bound, CancellationToken cancellationToken)
    {
        string[] left = [];
        await Waiting.UntilAsync(
            async () =>
            {
                left = [.. (await ReadAsync()).Where(key => !Array.Exists(allowed, one => key.StartsWith(one, StringComparison.Ordinal)))];
                return left.Length == 0;
            },
            () => $"{what}. Left are {left.Length} keys: {string.Join(", ", left.Take(20))}",
            bound,
            cancellationToken);
    }

    /// <summary>Reads the keys, without the prefix that all keys of a queue share.</summary>
    private async Task<List<string>> ReadAsync()
    {
        var found = new List<string>();
        foreach (var server in redis.Primaries)
        {
            foreach (var prefix in queues.Select(queue => $"{RedisKeys.Base(queue)}"))
            {
                var keys = await server.TellAsync("KEYS", $"{prefix}*");
                if (keys.StartsWith('-')) throw new IOException($"Redis refuses KEYS: {keys}");
                found.AddRange(keys.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(key => key[prefix.Length..]));
            }
        }

        return found;
    }
}
