using AiPlatform.InferenceWorker.Batching;
using AiPlatform.InferenceWorker.Tasks.Embeddings;
using AiPlatform.Jobs;
using AiPlatform.Jobs.Tasks.Embeddings;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;

namespace AiPlatform.Tests.InferenceWorker.Fixtures;

/// <summary>Batchers for tests, with their metrics.</summary>
internal static class Batchers
{
    public static BatchLimits Limits { get; } = new(8, 512);

    public static BatchMetrics Metrics() =>
        new(new ServiceCollection().AddMetrics().BuildServiceProvider().GetRequiredService<System.Diagnostics.Metrics.IMeterFactory>());

    /// <summary>A batcher with running device threads. Without a cost, the time of a run does not depend on its batch.</summary>
    public static RowBatcher Start(
        IRowSession session, EmbeddingManifest manifest, BatchLimits limits, int parallelRuns = 1, DeviceCost? cost = null)
    {
        var plan = new BatchPlan(limits, cost ?? Costs.Flat, parallelRuns);
        var batcher = new RowBatcher(
            session, () => new PooledOutput(manifest), manifest, plan, Metrics(), TimeProvider.System, NullLogger.Instance);
        batcher.Start();
        return batcher;
    }

    /// <summary>Embeds rows, and returns their vectors or the error.</summary>
    public static async Task<(float[][] Vectors, InferenceError? Error)> EmbedAsync(
        this RowBatcher batcher, int[][] rows, int dimensions, CancellationToken cancellationToken = default)
    {
        var output = EmbeddingOutput.Create(rows.Length, dimensions, 0, EmbeddingFormat.Float);
        var error = await batcher.RunAsync(new EmbeddingRun(rows, output), cancellationToken).WaitAsync(
            TimeSpan.FromMinutes(1), CancellationToken.None);
        var parsed = EmbeddingOutput.Parse(output);
        return ([.. Enumerable.Range(0, rows.Length).Select(i => parsed.Row(i).ToArray())], error);
    }
}
