using System.Diagnostics;
using System.Diagnostics.Metrics;
using AiPlatform.Benchmarks.Embeddings;
using AiPlatform.InferenceWorker.Batching;
using AiPlatform.InferenceWorker.Encoders;
using AiPlatform.InferenceWorker.Models;
using AiPlatform.InferenceWorker.Tasks.Embeddings;
using AiPlatform.Jobs.Tasks.Embeddings;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;

namespace AiPlatform.Benchmarks.Devices;

/// <summary>Texts a second that clients get embedded, each of which waits for its text before it sends the next one.</summary>
internal static class EmbeddingRate
{
    private static readonly TimeSpan Duration = TimeSpan.FromSeconds(2);

    /// <summary>The rates with these numbers of clients.</summary>
    public static async IAsyncEnumerable<double> MeasureAsync(
        EmbeddingManifest manifest, ExecutionDevice device, ModelOptions options, IEnumerable<int> clients)
    {
        var opened = OpenedEncoder.Open(manifest, device, options);
        var warm = new EncoderWarmUp(device, options, TimeProvider.System, NullLogger.Instance).Run(opened);
        await using var services = new ServiceCollection().AddMetrics().BuildServiceProvider();
        var batcher = new RowBatcher(
            warm.Opened.Session, () => new PooledOutput(manifest), manifest, warm.Plan,
            new BatchMetrics(services.GetRequiredService<IMeterFactory>()), TimeProvider.System, NullLogger.Instance);
        batcher.Start();
        int[][] texts = [.. BenchmarkTexts.Make(1_024).Select(text => warm.Opened.Tokenizer.Encode(text))];
        foreach (var count in clients)
        {
            var watch = Stopwatch.StartNew();
            var rows = await Task.WhenAll(
                Enumerable.Range(0, count).Select(client => ClientAsync(batcher, manifest, texts, client * 7, watch)));
            yield return rows.Sum() / watch.Elapsed.TotalSeconds;
        }

        batcher.Stop();
        await batcher.Completion;
    }

    /// <returns>How many texts were embedded.</returns>
    private static async Task<int> ClientAsync(RowBatcher batcher, EmbeddingManifest manifest, int[][] texts, int first, Stopwatch watch)
    {
        var done = 0;
        for (; watch.Elapsed < Duration; done++)
        {
            var output = EmbeddingOutput.Create(1, manifest.Dimensions, 0, EmbeddingFormat.Float);
            var run = new EmbeddingRun([texts[(first + done) % texts.Length]], output);
            if (await batcher.RunAsync(run, CancellationToken.None) is { } failed) throw new BenchmarkException(failed.Message);
        }

        return done;
    }
}
