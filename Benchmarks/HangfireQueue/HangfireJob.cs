using Hangfire.Redis.StackExchange;
using StackExchange.Redis;

namespace AiPlatform.Benchmarks.HangfireQueue;

/// <summary>
/// The job that Hangfire runs: 200 bytes in, 200 bytes out. Hangfire has no way to wait for a result, so the job publishes its end, as one
/// would write it.
/// </summary>
public static class HangfireJob
{
    /// <summary>Where the ends of jobs are published.</summary>
    internal static RedisChannel Ends { get; } = RedisChannel.Literal("ends");

    /// <summary>The connection of this process.</summary>
    internal static IConnectionMultiplexer Redis { get; private set; } = null!;

    /// <summary>Connects this process, and makes the storage of its jobs.</summary>
    internal static async Task<RedisStorage> ConnectAsync(string address)
    {
        Redis = await ConnectionMultiplexer.ConnectAsync(address);
        return new RedisStorage(Redis);
    }

    /// <summary>Called by Hangfire in the worker.</summary>
    /// <returns>The result, which Hangfire keeps with the job.</returns>
    public static string Run(string id, string payload)
    {
        ArgumentNullException.ThrowIfNull(payload);
        Redis.GetSubscriber().Publish(Ends, $"{id} {payload}", CommandFlags.FireAndForget);
        return payload;
    }
}
