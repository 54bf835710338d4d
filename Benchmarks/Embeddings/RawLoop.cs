using System.Globalization;
using AiPlatform.InferenceWorker.Batching;
using AiPlatform.InferenceWorker.Models;
using AiPlatform.InferenceWorker.Text;
using Microsoft.ML.OnnxRuntime;

namespace AiPlatform.Benchmarks.Embeddings;

/// <summary>
/// The limit to measure against: ONNX Runtime in a bare loop, no HTTP, no queue. Tokenizes, sorts within windows, and runs row
/// by row (which is what a CPU does best), with mean pooling and normalisation.
/// </summary>
internal sealed class RawLoop : IDisposable
{
    /// <summary>The argument that makes this program one.</summary>
    public const string Role = "raw-loop";

    private const int Window = 64;
    private const int WarmUpTexts = 300;

    private readonly InferenceSession _session;
    private readonly ITokenizer _tokenizer;
    private readonly float[] _vector = new float[384];

    private RawLoop(string folder, RawLoopLayout layout)
    {
        using var settings = new SessionOptions { IntraOpNumThreads = layout.Threads, InterOpNumThreads = 1 };
        settings.AddSessionConfigEntry("session.intra_op.allow_spinning", layout.IsSpinning ? "1" : "0");
        _session = new InferenceSession(Path.Combine(folder, "model.onnx"), settings);
        _tokenizer = TokenizerLoader.Load(Path.Combine(folder, "tokenizer.json"));
    }

    /// <summary>Runs this many texts after some for warm-up, and prints the rows a second.</summary>
    public static void Run(int count, RawLoopLayout layout)
    {
        var texts = BenchmarkTexts.Make(count);
        var loops = Enumerable.Range(0, layout.Sessions).Select(_ => new RawLoop(BenchmarkModel.Folder, layout)).ToList();
        RunAll(loops, [.. texts.Take(WarmUpTexts)]);

        var start = TimeProvider.System.GetTimestamp();
        RunAll(loops, texts);
        Console.WriteLine((count / TimeProvider.System.GetElapsedTime(start).TotalSeconds).ToString(CultureInfo.InvariantCulture));
        foreach (var loop in loops) loop.Dispose();
    }

    public void Dispose() => _session.Dispose();

    /// <summary>Every loop on a thread of its own; whoever is free takes the next window.</summary>
    private static void RunAll(IReadOnlyList<RawLoop> loops, IReadOnlyList<string> texts)
    {
        var windows = texts.Chunk(Window).ToArray();
        var next = -1;
        var threads = loops.Select(loop => new Thread(() =>
        {
            for (int i; (i = Interlocked.Increment(ref next)) < windows.Length;) loop.RunWindow(windows[i]);
        })).ToList();
        foreach (var thread in threads) thread.Start();
        foreach (var thread in threads) thread.Join();
    }

    private void RunWindow(string[] texts)
    {
        foreach (var ids in texts.Select(text => _tokenizer.Encode(text)).OrderBy(ids => ids.Length)) Embed(ids);
    }

    private void Embed(int[] ids)
    {
        long[] shape = [1, ids.Length];
        var mask = new long[ids.Length];
        mask.AsSpan().Fill(1);
        using var tokens = OrtValue.CreateTensorValueFromMemory(Array.ConvertAll(ids, id => (long)id), shape);
        using var ones = OrtValue.CreateTensorValueFromMemory(mask, shape);
        using var types = OrtValue.CreateTensorValueFromMemory(new long[ids.Length], shape);
        using var options = new RunOptions();
        using var outputs = _session.Run(options, ["input_ids", "attention_mask", "token_type_ids"], [tokens, ones, types], ["last_hidden_state"]);
        Pooling.Pool(outputs[0].GetTensorDataAsSpan<float>(), ids.Length, PoolingKind.Mean, _vector);
        Pooling.TryNormalize(_vector);
    }
}
