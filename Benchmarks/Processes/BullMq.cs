using System.Globalization;

namespace AiPlatform.Benchmarks.Processes;

/// <summary>The queue that we compare with: BullMQ on Node.js.</summary>
internal static class BullMq
{
    public const string Name = "BullMQ 6.7.0";

    /// <summary>The key in which BullMQ reports the ends of jobs. Its size is bounded, so it is not counted as memory of jobs.</summary>
    public const string EventsKey = $"bull:{Queue}:events";

    private const string Queue = "noop";
    private const string Concurrency = "64";

    /// <summary>A worker whose jobs do nothing.</summary>
    public static Task<ChildProcess> StartWorkerAsync(RedisUnderTest redis, CancellationToken cancellationToken) =>
        StartAsync("bull_worker.js", redis, Concurrency, cancellationToken);

    /// <summary>A producer that understands <see cref="Benchmarks.Queue.ProducerCommand"/>s.</summary>
    public static Task<ChildProcess> StartProducerAsync(RedisUnderTest redis, int inFlight, CancellationToken cancellationToken) =>
        StartAsync("bull_bench.js", redis, inFlight.ToString(CultureInfo.InvariantCulture), cancellationToken);

    /// <summary>An HTTP front of its own on fastify.</summary>
    public static Task<ChildProcess> StartFrontAsync(RedisUnderTest redis, int port, CancellationToken cancellationToken) =>
        StartAsync("bull_front.js", redis, port.ToString(CultureInfo.InvariantCulture), cancellationToken);

    private static Task<ChildProcess> StartAsync(
        string script, RedisUnderTest redis, string argument, CancellationToken cancellationToken) =>
        ChildProcess.Start(
            "node", [Path.Combine(Checkout.PeerSources, script), Queue, redis.Port, argument], PeerPackages.Common.Environment)
            .OnceAsync(process => process.UntilAsync("ready", cancellationToken));
}
