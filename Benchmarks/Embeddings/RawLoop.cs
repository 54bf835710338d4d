using AiPlatform.InferenceWorker.Tasks.Embeddings;
using AiPlatform.InferenceWorker.Text;
using Microsoft.ML.OnnxRuntime;

namespace AiPlatform.Benchmarks.Embeddings;

/// <summary>
/// The limit to compare with: ONNX Runtime in a bare loop without HTTP and queue. It tokenizes, sorts within windows, and runs rows of the
/// same length together, with mean pooling and normalization.
/// </summary>
internal sealed class RawLoop : IDisposable
{
    /// <summary>The argument that runs this program as a raw loop.</summary>
    public const string Role = "raw-loop";

    private const int Window = 64;
    private const int WarmUpTexts = 300;
    private const int Dimensions = 384;

    /// <summary>Most tokens of one run. With single rows, and with 256 tokens, a row took more CPU time.</summary>
    private const int MaxTokens = 128;

    private static readonly string[] InputNames = ["input_ids", "attention_mask", "token_type_ids"];
    private static readonly string[] OutputNames = ["last_hidden_state"];

    private readonly InferenceSession _session;
    private readonly ITokenizer _tokenizer;
    private readonly float[] _vector = new float[Dimensions];

    private RawLoop(string folder, RawLoopLayout layout)
    {
        using var settings = new SessionOptions { IntraOpNumThreads = layout.Threads, InterOpNumThreads = 1 };
        settings.AddSessionConfigEntry("session.intra_op.allow_spinning", layout.IsSpinning ? "1" : "0");
        _session = new InferenceSession(Path.Combine(folder, "model.onnx"), settings);
        _tokenizer = TokenizerLoader.Load(Path.Combine(folder, "tokenizer.json"));
    }

    /// <summary>Runs this many texts after some for warm-up, in a process of its own.</summary>
    public static BareMeasurement Run(int count, RawLoopLayout layout)
    {
        var texts = BenchmarkTexts.Make(count);
        var loops = Enumerable.Range(0, layout.Sessions).Select(_ => new RawLoop(BenchmarkModel.Folder, layout)).ToList();
        RunAll(loops, [.. texts.Take(WarmUpTexts)]);

        var (start, cpu) = (TimeProvider.System.GetTimestamp(), Environment.CpuUsage.TotalTime);
        RunAll(loops, texts);
        var measured = new BareMeasurement(
            count / TimeProvider.System.GetElapsedTime(start).TotalSeconds,
            (Environment.CpuUsage.TotalTime - cpu).TotalMilliseconds / count);
        foreach (var loop in loops) loop.Dispose();
        return measured;
    }

    public void Dispose() => _session.Dispose();

    /// <summary>Runs every loop on a thread of its own; a free loop takes the next window.</summary>
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
        foreach (var rows in texts.Select(text => _tokenizer.Encode(text)).GroupBy(ids => ids.Length).OrderBy(rows => rows.Key))
            foreach (var batch in rows.Chunk(Math.Max(1, MaxTokens / rows.Key))) Embed(batch, rows.Key);
    }

    private void Embed(int[][] rows, int length)
    {
        long[] shape = [rows.Length, length];
        var ids = new long[rows.Length * length];
        for (var i = 0; i < ids.Length; i++) ids[i] = rows[i / length][i % length];
        var mask = new long[ids.Length];
        mask.AsSpan().Fill(1);

        using var tokens = OrtValue.CreateTensorValueFromMemory(ids, shape);
        using var ones = OrtValue.CreateTensorValueFromMemory(mask, shape);
        using var types = OrtValue.CreateTensorValueFromMemory(new long[ids.Length], shape);
        using var options = new RunOptions();
        using var outputs = _session.Run(options, InputNames, [tokens, ones, types], OutputNames);

        var states = outputs[0].GetTensorDataAsSpan<float>();
        for (var row = 0; row < rows.Length; row++)
        {
            Pooling.Pool(states.Slice(row * length * Dimensions, length * Dimensions), length, PoolingKind.Mean, _vector);
            Pooling.TryNormalize(_vector);
        }
    }
}
