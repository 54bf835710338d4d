using System.Numerics.Tensors;
using AiPlatform.InferenceWorker.Files;
using AiPlatform.InferenceWorker.Generation.Choosing;
using AiPlatform.InferenceWorker.Generation.Places;
using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;
using SessionOptions = Microsoft.ML.OnnxRuntime.SessionOptions;

namespace AiPlatform.InferenceWorker.Generation.Decoder;

/// <summary>
/// A decoder of onnxruntime-genai's model builder in ONNX Runtime. In a step each row has one new token, and the rows may have any lengths:
/// the mask says how long each is. A run of several tokens has one row. On a device, all tensors are there; inputs are copied to it before
/// a run, and of the outputs only what is needed is copied back.
/// </summary>
internal sealed class OnnxDecoder : IDecoder
{
    /// <summary>A mask may be wider than its rows. It grows in steps of this width, so that its tensor is seldom created anew.</summary>
    private const int MaskStep = 64;

    private readonly InferenceSession _session;
    private readonly ITensorMemory _place;
    private readonly DecoderConfig _config;
    private readonly DecoderForm _form;
    private readonly DecoderBuffers _buffers;
    private readonly DecoderBuffers _prefillBuffers;
    private readonly DeviceChoice? _choice;
    private readonly CapturedGraphs _graphs;
    private readonly bool _isPruned;
    private readonly RunBinding _prefill;
    private readonly List<RunBinding> _steps = [];

    private OnnxDecoder(
        InferenceSession session, DecoderConfig config, DecoderForm form, DecoderProbe.LogitsForm logits, DecoderPlace place,
        ITensorMemory memory)
    {
        _session = session;
        _place = memory;
        _config = config;
        _form = form;
        _isPruned = logits.IsPruned;
        _graphs = new CapturedGraphs(place.CapturesGraphs);
        _buffers = new DecoderBuffers(form.Logits, memory);
        // Steps that are captured need buffers that stay where they are.
        _prefillBuffers = place.CapturesGraphs ? new DecoderBuffers(form.Logits, memory) : _buffers;
        Shape = new DecoderShape(
            config.Layers, config.KeyValueHeads, config.HeadSize,
            form.Cache == TensorElementType.Float16 ? 2 : 4, config.VocabularySize, logits.Stride,
            config.ContextLength, config.EndTokens);
        if (!memory.IsHost)
            _choice = new DeviceChoice(Shape.VocabularySize, Shape.LogitsStride, form.Logits, place, memory.Info, row => LogitsOf(row));
        _prefill = NewBinding();
    }

    public DecoderShape Shape { get; }

    public IDeviceChoice? Choice => _choice;

    /// <summary>Opens a folder's decoder and runs it a few times, to check that it keeps its cache in place.</summary>
    /// <param name="folder">The model's folder.</param>
    /// <param name="threads">The threads of its runs.</param>
    /// <param name="place">Where it runs; null for the CPU.</param>
    /// <exception cref="ModelProblemException">It cannot be loaded, or the engine cannot run this kind of decoder.</exception>
    public static OnnxDecoder Open(string folder, DecoderThreads threads, DecoderPlace? place = null)
    {
        place ??= DecoderPlace.Cpu;
        var config = DecoderConfigReader.Read(folder);
        if (place.File is { } other) config = config with { Model = other };
        var file = $"{Path.GetFileName(folder)}/{config.Model}";
        var session = OpenSession(Path.Combine(folder, config.Model), file, threads, place);
        ITensorMemory? memory = null;
        OnnxDecoder? decoder = null;
        try
        {
            var form = DecoderForm.Of(session, config, file);
            var probe = new DecoderProbe(session, config, form, file, place.CapturesGraphs);
            var logits = probe.Logits();
            memory = place.NewMemory(session);
            decoder = new OnnxDecoder(session, config, form, logits, place, memory);
            probe.CompareInPlace(decoder);
            if (place.CapturesGraphs) decoder._graphs.Begin();
            return decoder;
        }
        catch (Exception failure)
        {
            if (decoder is not null)
            {
                decoder.Dispose();
            }
            else
            {
                memory?.Dispose();
                session.Dispose();
            }

            if (failure is not OutOfMemoryException) throw;
            throw new ModelProblemException($"{file}: there is not enough memory on {place.Device.Name}: {failure.Message}", failure);
        }
    }

    public KeyValueMemory NewMemory() => new(Shape, _place);

    public Span<float> Prefill(KeyValueMemory memory, int slot, int past, ReadOnlySpan<int> tokens)
    {
        var width = past + tokens.Length;
        var given = _isPruned ? 1 : tokens.Length;
        _prefillBuffers.Ensure(tokens.Length, memory.Positions, given * Shape.LogitsStride);
        var arrays = _prefillBuffers.Current;
        for (var i = 0; i < tokens.Length; i++) (arrays.Ids[i], arrays.Positions[i]) = (tokens[i], past + i);
        arrays.Mask.AsSpan(0, width).Fill(1);

        _prefillBuffers.Upload(tokens.Length, width, _form.TakesPositions);
        _session.RunWithBinding(_graphs.None, _prefill.For(memory, slot, 1, tokens.Length, width, _prefillBuffers));
        return _prefillBuffers.Logits((given - 1) * Shape.LogitsStride, Shape.LogitsStride)[..Shape.VocabularySize];
    }

    public Span<float> Step(KeyValueMemory memory, ReadOnlySpan<int> tokens, ReadOnlySpan<int> pasts)
    {
        var rows = tokens.Length;
        // The width must never be 1, the length of the run, or the graph would take the tokens for the first ones. A memory has at least
        // two positions.
        var width = _graphs.AreWanted
            ? memory.Positions : Math.Min((TensorPrimitives.Max(pasts) + MaskStep) / MaskStep * MaskStep, memory.Positions);
        var room = _graphs.AreWanted ? memory.Rows : rows;
        _buffers.Ensure(room, room * memory.Positions, room * Shape.LogitsStride);
        var arrays = _buffers.Current;
        for (var i = 0; i < rows; i++)
        {
            (arrays.Ids[i], arrays.Positions[i]) = (tokens[i], pasts[i]);
            var mask = arrays.Mask.AsSpan(i * width, width);
            mask[..(pasts[i] + 1)].Fill(1);
            mask[(pasts[i] + 1)..].Clear();
        }

        while (_steps.Count < rows) _steps.Add(NewBinding());
        _buffers.Upload(rows, rows * width, _form.TakesPositions);
        _session.RunWithBinding(
            _graphs.For(memory, arrays, rows), _steps[rows - 1].For(memory, 0, rows, 1, width, _buffers));
        if (_choice is null) return _buffers.Logits(0, rows * Shape.LogitsStride);

        _choice.Stepped(_buffers.Current.Device.Logits);
        for (var row = 0; row < rows; row++)
            if (!_choice.IsNarrow(row)) LogitsOf(row);
        return _buffers.Current.Logits.AsSpan(0, rows * Shape.LogitsStride);
    }

    public void Dispose()
    {
        _prefill.Dispose();
        foreach (var step in _steps) step.Dispose();
        _choice?.Dispose();
        _buffers.Dispose();
        _prefillBuffers.Dispose();
        _graphs.Dispose();
        _place.Dispose();
        _session.Dispose();
    }

    private Span<float> LogitsOf(int row) => _buffers.Logits(row * Shape.LogitsStride, Shape.LogitsStride);

    private RunBinding NewBinding() => new(_session, _config, _form, Shape.LogitsStride, _isPruned, _place);

    private static InferenceSession OpenSession(string path, string file, DecoderThreads threads, DecoderPlace place)
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
            place.AddTo(settings);
            return new InferenceSession(path, settings);
        }
        catch (OnnxRuntimeException refused)
        {
            throw new ModelProblemException(
                $"{file}: ONNX Runtime cannot load it on {place.Device.Name}: {refused.Message.ReplaceLineEndings(" ")}", refused);
        }
    }
}

/// <summary>The threads of a decoder.</summary>
/// <param name="Count">How many threads compute a run, including the engine's own thread.</param>
/// <param name="Spin">Whether they spin while they wait for one another within a run.</param>
internal readonly record struct DecoderThreads(int Count, bool Spin);
