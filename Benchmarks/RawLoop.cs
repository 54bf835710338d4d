using System.Diagnostics;
using AiPlatform.InferenceWorker.Batching;
using AiPlatform.InferenceWorker.Models;
using AiPlatform.InferenceWorker.Text;
using Microsoft.ML.OnnxRuntime;

namespace AiPlatform.Benchmarks;

/// <summary>
/// The limit to measure against: ONNX Runtime in a bare loop, no HTTP, no queue. Tokenizes, sorts within windows of 64, and runs
/// row by row (which is what a CPU does best), with mean pooling and normalisation.
/// </summary>
internal sealed class RawLoop : IDisposable
{
    private const int Window = 64;

    private readonly InferenceSession _session;
    private readonly ITokenizer _tokenizer;

    /// <param name="folder">The model's folder.</param>
    /// <param name="spinning">Whether threads spin while they wait: faster on a quiet machine, much slower on a shared one.</param>
    public RawLoop(string folder, bool spinning)
    {
        using var settings = new SessionOptions { IntraOpNumThreads = Environment.ProcessorCount };
        settings.AddSessionConfigEntry("session.intra_op.allow_spinning", spinning ? "1" : "0");
        _session = new InferenceSession(Path.Combine(folder, "model.onnx"), settings);
        _tokenizer = TokenizerLoader.Load(Path.Combine(folder, "tokenizer.json"));
    }

    /// <returns>Rows a second.</returns>
    public double Run(IReadOnlyList<string> texts)
    {
        var start = Stopwatch.GetTimestamp();
        var vector = new float[384];
        foreach (var window in texts.Chunk(Window))
        {
            var rows = window.Select(text => _tokenizer.Encode(text)).OrderBy(ids => ids.Length).ToList();
            foreach (var ids in rows) Embed(ids, vector);
        }

        return texts.Count / Stopwatch.GetElapsedTime(start).TotalSeconds;
    }

    public void Dispose() => _session.Dispose();

    private void Embed(int[] ids, float[] vector)
    {
        long[] shape = [1, ids.Length];
        var mask = new long[ids.Length];
        mask.AsSpan().Fill(1);
        using var tokens = OrtValue.CreateTensorValueFromMemory(Array.ConvertAll(ids, id => (long)id), shape);
        using var ones = OrtValue.CreateTensorValueFromMemory(mask, shape);
        using var types = OrtValue.CreateTensorValueFromMemory(new long[ids.Length], shape);
        using var options = new RunOptions();
        using var outputs = _session.Run(options, ["input_ids", "attention_mask", "token_type_ids"], [tokens, ones, types], ["last_hidden_state"]);
        Pooling.Pool(outputs[0].GetTensorDataAsSpan<float>(), ids.Length, PoolingKind.Mean, vector);
        Pooling.TryNormalize(vector);
    }
}
