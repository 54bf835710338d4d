using System.Numerics.Tensors;
using System.Runtime.InteropServices;
using AiPlatform.InferenceWorker.Files;
using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;
using SessionOptions = Microsoft.ML.OnnxRuntime.SessionOptions;

namespace AiPlatform.InferenceWorker.Generation.Decoder;

/// <summary>
/// A decoder of onnxruntime-genai's model builder in ONNX Runtime, on the CPU. In a step each row has one new token, and the rows may have
/// any lengths: the mask says how long each is. A run of several tokens has one row.
/// </summary>
internal sealed class OnnxDecoder : IDecoder
{
    /// <summary>A mask may be wider than its rows. It grows in steps of this width, so that its tensor is seldom created anew.</summary>
    private const int MaskStep = 64;

    private readonly InferenceSession _session;
    private readonly RunOptions _runOptions = new();
    private readonly DecoderConfig _config;
    private readonly DecoderForm _form;
    private readonly DecoderBuffers _buffers;
    private readonly bool _isPruned;
    private readonly RunBinding _prefill;
    private readonly List<RunBinding> _steps = [];

    private OnnxDecoder(InferenceSession session, DecoderConfig config, DecoderForm form, DecoderProbe.LogitsForm logits)
    {
        _session = session;
        _config = config;
        _form = form;
        _isPruned = logits.IsPruned;
        _buffers = new DecoderBuffers(form.Logits);
        Shape = new DecoderShape(
            config.Layers, config.KeyValueHeads, config.HeadSize,
            form.Cache == TensorElementType.Float16 ? 2 : 4, config.VocabularySize, logits.Stride,
            config.ContextLength, config.EndTokens);
        _prefill = NewBinding();
    }

    public DecoderShape Shape { get; }

    /// <summary>Opens a folder's decoder and runs it a few times, to check that it keeps its cache in place.</summary>
    /// <exception cref="ModelProblemException">It cannot be loaded, or the engine cannot run this kind of decoder.</exception>
    public static OnnxDecoder Open(string folder, DecoderThreads threads)
    {
        var config = DecoderConfigReader.Read(folder);
        var file = $"{Path.GetFileName(folder)}/{config.Model}";
        var session = OpenSession(Path.Combine(folder, config.Model), file, threads);
        try
        {
            var form = DecoderForm.Of(session, config, file);
            var probe = new DecoderProbe(session, config, form, file);
            var logits = probe.Logits();
            var decoder = new OnnxDecoder(session, config, form, logits);
            try
            {
                probe.CompareInPlace(decoder);
                return decoder;
            }
            catch
            {
                decoder.Dispose();
                throw;
            }
        }
        catch
        {
            session.Dispose();
            throw;
        }
    }

    public Span<float> Prefill(KeyValueMemory memory, int slot, int past, ReadOnlySpan<int> tokens)
    {
        var width = past + tokens.Length;
        var given = _isPruned ? 1 : tokens.Length;
        _buffers.Ensure(tokens.Length, memory.Positions, given * Shape.LogitsStride);
        var arrays = _buffers.Current;
        for (var i = 0; i < tokens.Length; i++) (arrays.Ids[i], arrays.Positions[i]) = (tokens[i], past + i);
        arrays.Mask.AsSpan(0, width).Fill(1);

        _session.RunWithBinding(_runOptions, _prefill.For(memory, slot, 1, tokens.Length, width, _buffers));
        return Logits((given - 1) * Shape.LogitsStride, Shape.LogitsStride)[..Shape.VocabularySize];
    }

    public Span<float> Step(KeyValueMemory memory, ReadOnlySpan<int> tokens, ReadOnlySpan<int> pasts)
    {
        var rows = tokens.Length;
        // The width must never be 1, the length of the run, or the graph would take the tokens for the first ones. A memory has at least
        // two positions.
        var width = Math.Min((TensorPrimitives.Max(pasts) + MaskStep) / MaskStep * MaskStep, memory.Positions);
        _buffers.Ensure(rows, rows * memory.Positions, rows * Shape.LogitsStride);
        var arrays = _buffers.Current;
        for (var i = 0; i < rows; i++)
        {
            (arrays.Ids[i], arrays.Positions[i]) = (tokens[i], pasts[i]);
            var mask = arrays.Mask.AsSpan(i * width, width);
            mask[..(pasts[i] + 1)].Fill(1);
            mask[(pasts[i] + 1)..].Clear();
        }

        while (_steps.Count < rows) _steps.Add(NewBinding());
        _session.RunWithBinding(_runOptions, _steps[rows - 1].For(memory, 0, rows, 1, width, _buffers));
        return Logits(0, rows * Shape.LogitsStride);
    }

    public void Dispose()
    {
        _prefill.Dispose();
        foreach (var step in _steps) step.Dispose();
        _runOptions.Dispose();
        _session.Dispose();
    }

    private RunBinding NewBinding() => new(_session, _config, _form, Shape.LogitsStride, _isPruned);

    private Span<float> Logits(int start, int length)
    {
        var arrays = _buffers.Current;
        var logits = arrays.Logits.AsSpan(start, length);
        if (arrays.Half is { } half)
            TensorPrimitives.ConvertToSingle(MemoryMarshal.Cast<Float16, Half>(half.AsSpan(start, length)), logits);
        return logits;
    }

    private static InferenceSession OpenSession(string path, string file, DecoderThreads threads)
    {
        try
        {
            using var settings = new SessionOptions
            {
                IntraOpNumThreads = threads.Count,
                InterOpNumThreads = 1,
                GraphOptimizationLevel = GraphOptimizationLevel.ORT_ENABLE_ALL,
            };
            settings.AddSessionConfigEntry("session.inter_op.allow_spinning", "0");
            settings.AddSessionConfigEntry("session.intra_op.allow_spinning", threads.Spin ? "1" : "0");
            // Threads spin within a run only, because between runs they would take the cores from everything else.
            settings.AddSessionConfigEntry("session.force_spinning_stop", "1");
            return new InferenceSession(path, settings);
        }
        catch (OnnxRuntimeException refused)
        {
            throw new ModelProblemException(
                $"{file}: ONNX Runtime cannot load it on cpu: {refused.Message.ReplaceLineEndings(" ")}", refused);
        }
    }
}

/// <summary>The threads of a decoder.</summary>
/// <param name="Count">How many threads compute a run, including the engine's own thread.</param>
/// <param name="Spin">Whether they spin while they wait for one another within a run.</param>
internal readonly record struct DecoderThreads(int Count, bool Spin);
