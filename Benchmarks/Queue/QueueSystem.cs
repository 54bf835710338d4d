using AiPlatform.Benchmarks.Processes;

namespace AiPlatform.Benchmarks.Queue;

/// <summary>A measured queue: how its two processes are started, and which memory is not counted.</summary>
internal sealed record QueueSystem
{
    public required string Name { get; init; }

    public required Func<RedisUnderTest, CancellationToken, Task<ChildProcess>> StartWorkerAsync { get; init; }

    /// <summary>Starts the producer with this number of jobs in flight.</summary>
    public required Func<RedisUnderTest, int, CancellationToken, Task<ChildProcess>> StartProducerAsync { get; init; }

    /// <summary>Bytes of payload that a finished job keeps.</summary>
    public required int KeptPayloadBytes { get; init; }

    /// <summary>A key whose size does not grow with the jobs, or null.</summary>
    public string? BoundedKey { get; init; }

    /// <summary>A finished job keeps its result; its body is gone.</summary>
    public static QueueSystem AiPlatform { get; } = new()
    {
        Name = "AiPlatform",
        StartWorkerAsync = Product.StartNoopWorkerAsync,
        StartProducerAsync = Product.StartProducerAsync,
        KeptPayloadBytes = NoopModel.PayloadBytes,
    };

    /// <summary>A finished job keeps both: data of 196 bytes and a return value of 204.</summary>
    public static QueueSystem BullMq { get; } = new()
    {
        Name = Processes.BullMq.Name,
        StartWorkerAsync = Processes.BullMq.StartWorkerAsync,
        StartProducerAsync = Processes.BullMq.StartProducerAsync,
        KeptPayloadBytes = 400,
        BoundedKey = Processes.BullMq.EventsKey,
    };

    /// <summary>A finished job keeps both: 200 bytes each.</summary>
    public static QueueSystem Hangfire { get; } = new()
    {
        Name = Processes.Hangfire.Name,
        StartWorkerAsync = Processes.Hangfire.StartWorkerAsync,
        StartProducerAsync = Processes.Hangfire.StartProducerAsync,
        KeptPayloadBytes = 2 * NoopModel.PayloadBytes,
    };
}
