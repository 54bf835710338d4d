using AiPlatform.Chaos.Processes;
using AiPlatform.Jobs;
using AiPlatform.Jobs.Redis;

namespace AiPlatform.Chaos.Audit;

/// <summary>The keys that queues have in Redis: of jobs that are not over, of those that ended, of processes that look for work.</summary>
internal sealed class QueueKeys(IRedisSetup redis, IReadOnlyList<QueueName> queues)
{
    /// <summary>Jobs that ended, and what is kept about them for some time.</summary>
    private static readonly string[] OfEnded = ["job:", "events:", "jobs:", "tenants", "drained:", "bytes"];

    /// <summary>Marks that processes renew as long as they live.</summary>
    private static readonly string[] OfProcesses = ["waiting", "swept"];

    /// <summary>Waits until no job waits or runs: nothing is left in any lane, index or count.</summary>
    public Task UntilNoJobIsOpenAsync(TimeSpan bound, CancellationToken cancellationToken) =>
        UntilOnlyAsync([.. OfEnded, .. OfProcesses], "no job waits or runs", bound, cancellationToken);

    /// <summary>Waits until everything about jobs has expired.</summary>
    public Task UntilOnlyProcessesAreLeftAsync(TimeSpan bound, CancellationToken cancellationToken) =>
        UntilOnlyAsync(OfProcesses, "everything about jobs has expired", bound, cancellationToken);

    /// <summary>Waits until nothing is left.</summary>
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

    /// <summary>The keys without the part that is the same in all of a queue.</summary>
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
