using System.Numerics.Tensors;
using AiPlatform.InferenceWorker.Batching;
using AiPlatform.InferenceWorker.Cuda;
using AiPlatform.InferenceWorker.Files;
using AiPlatform.InferenceWorker.Models;
using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;

namespace AiPlatform.InferenceWorker.Encoders;

/// <summary>An encoder in ONNX Runtime.</summary>
internal sealed class OnnxEncoder : IRowSession
{
    private const string IdsInput = "input_ids";
    private const string MaskInput = "attention_mask";
    private const string TypesInput = "token_type_ids";

    private readonly InferenceSession _session;
    private readonly PinnedMemory? _pinned;
    private readonly RunOptions _runOptions = new();
    private readonly EncoderOutput _output;
    private readonly int _maxRows;
    private readonly int _padId;
    private readonly bool _hasTypes;
    private readonly bool _takesPairs;
    private readonly string[] _inputNames;
    private readonly string[] _outputNames;

    private OnnxEncoder(InferenceSession session, PinnedMemory? pinned, EncoderManifest manifest, int padId)
    {
        _session = session;
        _pinned = pinned;
        _padId = padId;
        _output = manifest.Output;
        _maxRows = manifest.MaxBatchRows;
        _hasTypes = session.InputMetadata.ContainsKey(TypesInput);
        _takesPairs = manifest.TakesPairs && _hasTypes;
        _inputNames = _hasTypes ? [IdsInput, MaskInput, TypesInput] : [IdsInput, MaskInput];
        _outputNames = [_output.Name];
    }

    /// <exception cref="ModelProblemException">The file cannot be loaded, or is not an encoder of this form.</exception>
    public static OnnxEncoder Open(
        EncoderManifest manifest, ExecutionDevice device, ModelOptions options, ThreadSplit threads, int padId) =>
        Open(
            manifest, device, options, threads, padId,
            session => device.CudaDeviceId is { } id ? PinnedMemory.Of(session, id) : null);

    /// <inheritdoc cref="Open(EncoderManifest, ExecutionDevice, ModelOptions, ThreadSplit, int)"/>
    /// <param name="manifest">Its manifest.</param>
    /// <param name="device">Where it runs.</param>
    /// <param name="options">The settings of models.</param>
    /// <param name="threads">The threads of its runs.</param>
    /// <param name="padId">The token of padding.</param>
    /// <param name="newPinned">Makes the memory of its inputs and outputs; null for the managed heap.</param>
    internal static OnnxEncoder Open(
        EncoderManifest manifest, ExecutionDevice device, ModelOptions options, ThreadSplit threads, int padId,
        Func<InferenceSession, PinnedMemory?> newPinned)
    {
        var name = $"{Path.GetFileName(manifest.Folder)}/{manifest.Model.Name}";
        if (!device.Uses(manifest.Model))
        {
            throw new ModelProblemException(
                $"{name}: 'device' in {ModelManifest.FileName} is {manifest.Model.Device}, but models run on {device.Name} here.");
        }

        InferenceSession session;
        try
        {
            using var settings = SessionSettings.For(device, options, threads);
            session = new InferenceSession(manifest.PathOf(manifest.Model), settings);
        }
        catch (OnnxRuntimeException refused)
        {
            throw new ModelProblemException(
                $"{name}: ONNX Runtime cannot load it on {device.Name}: {refused.Message.ReplaceLineEndings(" ")}", refused);
        }

        try
        {
            CheckForm(session, manifest, name);
            return new OnnxEncoder(session, newPinned(session), manifest, padId);
        }
        catch
        {
            session.Dispose();
            throw;
        }
    }

    public int NumbersOf(int tokens) => checked((_output.IsPerToken ? tokens : Math.Min(tokens, _maxRows)) * _output.Size);

    public RunBuffers NewBuffers(int maxTokens) => new(maxTokens, NumbersOf(maxTokens), _pinned);

    public ReadOnlySpan<float> Run(ReadOnlySpan<WaitingRow> rows, RunBuffers buffers)
    {
        var longest = 0;
        foreach (var row in rows) longest = Math.Max(longest, row.Length);
        FillInputs(rows, longest, buffers);

        long[] shape = [rows.Length, longest];
        using var ids = Bind(buffers.Ids, shape);
        using var mask = Bind(buffers.Mask, shape);
        using var types = Bind(buffers.Types, shape);
        var numbers = (_output.IsPerToken ? rows.Length * longest : rows.Length) * _output.Size;
        using var output = Bind(buffers.Numbers, _output.IsPerToken ? [rows.Length, longest, _output.Size] : [rows.Length, _output.Size]);

        OrtValue[] inputs = _hasTypes ? [ids, mask, types] : [ids, mask];
        _session.Run(_runOptions, _inputNames, inputs, _outputNames, [output]);
        return buffers.Numbers.Span[..numbers];
    }

    public void Dispose()
    {
        _runOptions.Dispose();
        _pinned?.Dispose();
        _session.Dispose();
    }

    /// <summary>A tensor over the start of a buffer, without a copy.</summary>
    private static OrtValue Bind<T>(Memory<T> buffer, long[] shape)
        where T : unmanaged =>
        OrtValue.CreateTensorValueFromMemory(
            OrtMemoryInfo.DefaultInstance, buffer[..(int)TensorPrimitives.Product<long>(shape)], shape);

    private void FillInputs(ReadOnlySpan<WaitingRow> rows, int longest, RunBuffers buffers)
    {
        var allIds = buffers.Ids.Span;
        var allMasks = buffers.Mask.Span;
        var allTypes = buffers.Types.Span;
        for (var i = 0; i < rows.Length; i++)
        {
            var tokens = rows[i].TokenIds;
            var ids = allIds.Slice(i * longest, longest);
            var mask = allMasks.Slice(i * longest, longest);
            for (var position = 0; position < tokens.Length; position++) ids[position] = tokens[position];
            ids[tokens.Length..].Fill(_padId);
            mask[..tokens.Length].Fill(1);
            mask[tokens.Length..].Clear();
            if (_takesPairs) FillTypes(rows[i], allTypes.Slice(i * longest, longest));
        }
    }

    private static void FillTypes(WaitingRow row, Span<long> types)
    {
        types.Clear();
        if (row.SecondAt > 0) types[row.SecondAt..row.Length].Fill(1);
    }

    private static void CheckForm(InferenceSession session, EncoderManifest manifest, string name)
    {
        foreach (var (input, metadata) in session.InputMetadata)
        {
            if (input is not (IdsInput or MaskInput or TypesInput) || metadata.ElementDataType != TensorElementType.Int64)
            {
                throw new ModelProblemException(
                    $"{name}: its input '{input}' ({metadata.ElementDataType}) is not known. Known: {IdsInput}, {MaskInput}, "
                    + $"{TypesInput} (Int64).");
            }
        }

        if (!session.InputMetadata.ContainsKey(IdsInput) || !session.InputMetadata.ContainsKey(MaskInput))
            throw new ModelProblemException($"{name}: it has no inputs {IdsInput} and {MaskInput}.");
        var output = manifest.Output;
        if (!session.OutputMetadata.TryGetValue(output.Name, out var given)
            || given.ElementDataType != TensorElementType.Float || given.Dimensions.Length != (output.IsPerToken ? 3 : 2))
        {
            throw new ModelProblemException($"{name}: it has no output {output.Name}, {output.Form}.");
        }

        if (given.Dimensions[^1] is var size and > 0 && size != output.Size)
            throw new ModelProblemException($"{name}: {manifest.OtherSize(size)}.");
    }
}
