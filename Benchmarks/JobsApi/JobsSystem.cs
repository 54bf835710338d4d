using AiPlatform.Benchmarks.Processes;
using AiPlatform.Benchmarks.Queue;

namespace AiPlatform.Benchmarks.JobsApi;

/// <summary>A job API that is measured.</summary>
internal sealed record JobsSystem
{
    public required string Name { get; init; }

    public required Func<RedisUnderTest, CancellationToken, Task<ChildProcess>> StartWorkerAsync { get; init; }

    /// <summary>Starts the process that serves HTTP on this port, and waits until it accepts jobs.</summary>
    public required Func<RedisUnderTest, int, CancellationToken, Task<ChildProcess>> StartFrontAsync { get; init; }

    /// <summary>The path to which jobs are submitted; each job is below it, by its id.</summary>
    public required string Path { get; init; }

    public required string Body { get; init; }

    /// <summary>A text in the answer of every job that succeeded.</summary>
    public required string Done { get; init; }

    public static JobsSystem AiPlatform { get; } = new()
    {
        Name = "AiPlatform",
        StartWorkerAsync = Product.StartNoopWorkerAsync,
        StartFrontAsync = (redis, port, cancellationToken) =>
            Product.StartGatewayAsync(redis, port, NoopModel.Name, [], [], cancellationToken),
        Path = "/v1/jobs",
        Body = $$$"""{"endpoint":"/v1/embeddings","body":{"model":"{{{NoopModel.Name}}}","input":"{{{new string('p', 170)}}}","""
            + "\"encoding_format\":\"base64\"}}",
        Done = "\"succeeded\"",
    };

    public static JobsSystem BullMq { get; } = new()
    {
        Name = Processes.BullMq.Name,
        StartWorkerAsync = Processes.BullMq.StartWorkerAsync,
        StartFrontAsync = Processes.BullMq.StartFrontAsync,
        Path = "/jobs",
        Body = $$"""{"name":"noop","payload":"{{new string('p', 170)}}"}""",
        Done = "\"completed\"",
    };
}
