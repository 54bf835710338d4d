using AiPlatform.InferenceWorker.Batching;
using AiPlatform.InferenceWorker.Models;
using AiPlatform.InferenceWorker.Telemetry;
using AiPlatform.Jobs;
using AiPlatform.Jobs.Payloads;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;

namespace AiPlatform.Tests.InferenceWorker.Fixtures;

/// <summary>Device threads for tests, with their metrics.</summary>
internal static class Batchers
{
    public static BatchLimits AnyLength { get; } = new(8, 512, double.PositiveInfinity);

    public static BatchMetrics Metrics() =>
        new(new ServiceCollection().AddMetrics().BuildServiceProvider().GetRequiredService<System.Diagnostics.Metrics.IMeterFactory>());

    /// <summary>A batcher whose device thread runs.</summary>
    public static EmbeddingBatcher Start(IEmbeddingSession session, ModelManifest manifest, BatchLimits limits)
    {
        var batcher = new EmbeddingBatcher(session, manifest, limits, Metrics(), TimeProvider.System, NullLogger.Instance);
        batcher.Start();
        return batcher;
    }

    /// <summary>Embeds rows and gives their vectors, or the error.</summary>
    public static async Task<(float[][] Vectors, InferenceError? Error)> EmbedAsync(
        this EmbeddingBatcher batcher, int[][] rows, int dimensions, CancellationToken cancellationToken = default)
    {
        var output = EmbeddingOutput.Create(rows.Length, dimensions, 0, EmbeddingFormat.Float);
        var error = await batcher.EmbedAsync(rows, output, cancellationToken).WaitAsync(TimeSpan.FromMinutes(1), CancellationToken.None);
        var parsed = EmbeddingOutput.Parse(output);
        return ([.. Enumerable.Range(0, rows.Length).Select(i => parsed.Row(i).ToArray())], error);
    }
}
