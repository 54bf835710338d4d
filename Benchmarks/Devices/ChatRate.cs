using System.Diagnostics;
using AiPlatform.InferenceWorker.Generation;
using AiPlatform.InferenceWorker.Generation.Decoder;
using AiPlatform.InferenceWorker.Generation.Sampling;
using AiPlatform.InferenceWorker.Models;
using AiPlatform.InferenceWorker.Tasks.Chat;
using Microsoft.Extensions.Logging.Abstractions;

namespace AiPlatform.Benchmarks.Devices;

/// <summary>Tokens a second of greedy texts that are generated at the same time.</summary>
internal static class ChatRate
{
    private const int Tokens = 128;

    private static readonly TimeSpan Duration = TimeSpan.FromSeconds(2);

    /// <summary>The rates of the engine, in which rows begin, are computed together, and end, with these numbers of clients.</summary>
    public static async IAsyncEnumerable<double> MeasureAsync(
        ChatManifest manifest, ExecutionDevice device, ModelOptions options, IReadOnlyList<int> clients)
    {
        var settings = Settings(clients.Max());
        var opened = OpenedChat.Open(manifest, device, options, settings, TimeProvider.System);
        var prompt = opened.Tokenizer.Encode("Once upon a time there was a ship that sailed to an island nobody had seen before.");
        var engine = GenerationEngine.Start(manifest.Name, opened.Decoder, settings, TimeProvider.System, NullLogger.Instance);
        foreach (var count in clients)
        {
            var watch = Stopwatch.StartNew();
            // Each begins in another way, so that none copies the other's beginning.
            var tokens = await Task.WhenAll(
                Enumerable.Range(0, count).Select(client => ClientAsync(engine, [1_000 + client, .. prompt], watch)));
            yield return tokens.Sum() / watch.Elapsed.TotalSeconds;
        }

        engine.Stop(TimeSpan.Zero);
        await engine.Completion;
    }

    /// <summary>The rates without the engine: one step of all rows after the other, of which nothing is chosen.</summary>
    public static async IAsyncEnumerable<double> MeasureBareAsync(
        ChatManifest manifest, ExecutionDevice device, ModelOptions options, IReadOnlyList<int> clients)
    {
        using var decoder = OpenedChat.Open(manifest, device, options, Settings(clients.Max()), TimeProvider.System).Decoder;
        foreach (var rows in clients) yield return await Task.Run(() => BareRate(decoder, rows));
    }

    private static double BareRate(OnnxDecoder decoder, int rows)
    {
        using var memory = decoder.NewMemory();
        memory.Reshape(rows, Tokens + 1, []);
        var (tokens, pasts) = (new int[rows], new int[rows]);
        Array.Fill(tokens, 1_000);
        decoder.Step(memory, tokens, pasts);
        var (steps, watch) = (0, Stopwatch.StartNew());
        for (; watch.Elapsed < Duration; steps++)
        {
            Array.Fill(pasts, 1 + (steps % (Tokens - 1)));
            decoder.Choice?.Begin(rows);
            for (var row = 0; row < rows; row++) decoder.Choice?.Narrow(row);
            decoder.Step(memory, tokens, pasts);
        }

        return (double)steps * rows / watch.Elapsed.TotalSeconds;
    }

    /// <returns>How many tokens came.</returns>
    private static async Task<int> ClientAsync(GenerationEngine engine, int[] prompt, Stopwatch watch)
    {
        var tokens = 0;
        while (watch.Elapsed < Duration)
        {
            var sink = new CountingSink(watch);
            var sampling = SamplingSettings.Greedy with { IgnoreEnd = true };
            engine.Submit(new GenerationRequest { Prompt = prompt, MaxNewTokens = Tokens, Sampling = sampling }, sink);
            if ((await sink.End.Task).Problem is { } problem) throw new BenchmarkException(problem);
            tokens += sink.Tokens;
        }

        return tokens;
    }

    private static GenerationOptions Settings(int rows) => new() { MaxRows = rows, MemoryMiB = 2_048, CachedRows = 0 };

    private sealed class CountingSink(Stopwatch watch) : ITokenSink
    {
        public TaskCompletionSource<GenerationEnd> End { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public int Tokens { get; private set; }

        public bool OnToken(in GeneratedToken token)
        {
            Tokens++;
            return watch.Elapsed < Duration;
        }

        public void OnEnd(in GenerationEnd end) => End.SetResult(end);
    }
}
