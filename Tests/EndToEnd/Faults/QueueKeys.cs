using AiPlatform.Jobs;
using AiPlatform.Tests.Fixtures;

namespace AiPlatform.Tests.EndToEnd.Faults;

/// <summary>The keys that a queue has in Redis: of jobs that are not over, of those that ended, of processes that look for work.</summary>
internal sealed class QueueKeys(RedisServer redis, QueueName queue)
{
    /// <summary>Jobs that ended, and what is kept about them for some time.</summary>
    private static readonly string[] OfEnded = ["job:", "events:", "jobs:", "tenants", "drained:"];

    /// <summary>Marks that processes renew as long as they live.</summary>
    private static readonly string[] OfProcesses = ["waiting", "swept"];

    /// <summary>Waits until no job waits or runs: nothing is left in any lane, index or count.</summary>
    public Task UntilNoJobIsOpenAsync(TimeSpan bound) => UntilOnlyAsync([.. OfEnded, .. OfProcesses], "no job waits or runs", bound);

    /// <summary>Waits until everything about jobs has expired.</summary>
    public Task UntilOnlyProcessesAreLeftAsync(TimeSpan bound) => UntilOnlyAsync(OfProcesses, "everything about jobs has expired", bound);

    /// <summary>Waits until nothing is left.</summary>
    public Task UntilNoneIsLeftAsync(TimeSpan bound) => UntilOnlyAsync([], "no key of the queue is left", bound);

    private async Task UntilOnlyAsync(string[] allowed, string what, TimeSpan bound)
    {
        string[] left = [];
        try
        {
            await Poll.UntilAsync(
                async () =>
                {
                    left = [.. (await ReadAsync()).Where(key => !Array.Exists(allowed, one => key.StartsWith(one, StringComparison.Ordinal)))];
                    return left.Length == 0;
                },
                what,
                bound);
        }
        catch (Xunit.Sdk.FailException)
        {
            throw new TimeoutException($"Waited {bound} in vain: {what}. Left are {left.Length} keys: {string.Join(", ", left.Take(20))}");
        }
    }

    /// <summary>The keys without the part that is the same in all.</summary>
    private async Task<string[]> ReadAsync()
    {
        var prefix = $"{RedisKeys.Base(queue)}";
        var keys = (string[])(await redis.Connection.GetDatabase().ExecuteAsync("KEYS", $"{prefix}*"))!;
        return Array.ConvertAll(keys, key => key[prefix.Length..]);
    }
}
