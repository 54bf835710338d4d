using System.Globalization;
using AiPlatform.Benchmarks.HangfireQueue;

namespace AiPlatform.Benchmarks.Processes;

/// <summary>What a .NET team would otherwise use for jobs on Redis: Hangfire. Its processes are this program in other roles.</summary>
internal static class Hangfire
{
    public const string Name = "Hangfire 1.8.25 on Redis";

    /// <summary>A worker whose jobs do nothing.</summary>
    public static Task<ChildProcess> StartWorkerAsync(RedisUnderTest redis, CancellationToken cancellationToken) =>
        StartAsync([HangfireWorker.Role, redis.Address], cancellationToken);

    /// <summary>A producer that understands <see cref="Queue.ProducerCommand"/>s.</summary>
    public static Task<ChildProcess> StartProducerAsync(RedisUnderTest redis, int inFlight, CancellationToken cancellationToken) =>
        StartAsync([HangfireProducer.Role, redis.Address, inFlight.ToString(CultureInfo.InvariantCulture)], cancellationToken);

    private static Task<ChildProcess> StartAsync(string[] role, CancellationToken cancellationToken) =>
        ChildProcess.Start("dotnet", [Checkout.Program("Benchmarks"), .. role])
            .OnceAsync(process => process.UntilAsync("ready", cancellationToken));
}
