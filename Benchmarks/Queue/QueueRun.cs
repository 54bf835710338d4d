using AiPlatform.Benchmarks.Processes;

namespace AiPlatform.Benchmarks.Queue;

/// <summary>One run of a queue, with an empty Redis, a worker and a producer: first the warm-up jobs, then the measured jobs.</summary>
internal static class QueueRun
{
    public const int InFlight = 64;
    public const int Jobs = 20_000;
    public const int LatencyJobs = 2_000;

    /// <summary>Enough warm-ups that the JITs of both sides are done.</summary>
    private const int WarmUpJobs = 60_000;

    public static async Task<QueueMeasurement> MeasureAsync(QueueSystem system, CancellationToken cancellationToken)
    {
        await using var redis = await RedisUnderTest.StartAsync([], cancellationToken);
        await using var worker = await system.StartWorkerAsync(redis, cancellationToken);
        await using var producer = await system.StartProducerAsync(redis, InFlight, cancellationToken);

        var empty = await UsedBytesAsync(redis, system);
        await new ProducerCommand(ProducerCommand.Throughput, WarmUpJobs).AskAsync(producer, cancellationToken);

        await redis.ResetCountersAsync();
        var load = new MachineLoad(redis.Process, worker, producer);
        var (redisCpu, workerCpu, producerCpu) = (redis.Process.CpuTime, worker.CpuTime, producer.CpuTime);
        var throughput = await new ProducerCommand(ProducerCommand.Throughput, Jobs).AskAsync(producer, cancellationToken);
        var others = load.OtherCores();
        (redisCpu, workerCpu, producerCpu) = (redis.Process.CpuTime - redisCpu, worker.CpuTime - workerCpu, producer.CpuTime - producerCpu);
        var counts = await redis.CountsAsync();
        var used = await UsedBytesAsync(redis, system) - empty;

        var latency = await new ProducerCommand(ProducerCommand.Latency, LatencyJobs).AskAsync(producer, cancellationToken);
        return new QueueMeasurement
        {
            JobsPerSecond = throughput.PerSecond,
            P50Milliseconds = latency.P50Milliseconds,
            P99Milliseconds = latency.P99Milliseconds,
            RedisMicroseconds = redisCpu.TotalMicroseconds / Jobs,
            WorkerMicroseconds = workerCpu.TotalMicroseconds / Jobs,
            ProducerMicroseconds = producerCpu.TotalMicroseconds / Jobs,
            CommandsPerJob = (double)counts.Commands / Jobs,
            ScriptsPerJob = (double)counts.Scripts / Jobs,
            Commands = counts.PerJob(Jobs),
            BytesPerJob = ((double)used / (WarmUpJobs + Jobs)) - system.KeptPayloadBytes,
            OtherCores = others,
        };
    }

    private static async Task<long> UsedBytesAsync(RedisUnderTest redis, QueueSystem system) =>
        await redis.UsedBytesAsync() - (system.BoundedKey is { } key ? await redis.BytesOfAsync(key) : 0);
}
