using AiPlatform.InferenceWorker.Generation.Places;
using Microsoft.ML.OnnxRuntime;

namespace AiPlatform.InferenceWorker.Generation.Decoder;

/// <summary>
/// The tensors of one kind of run, which are bound once and again only when they have changed. Past and present keys and values share the
/// same memory, so the graph writes the new ones beside the old ones.
/// </summary>
internal sealed class RunBinding(
    InferenceSession session, DecoderConfig config, DecoderForm form, int logitsStride, bool isPruned, ITensorMemory place)
    : IDisposable
{
    private readonly OrtValue?[] _cache = new OrtValue?[2 * config.Layers];
    private OrtIoBinding? _binding;
    private OrtValue? _ids;
    private OrtValue? _positions;
    private OrtValue? _mask;
    private OrtValue? _logits;
    private DecoderBuffers.Arrays _arrays;
    private (KeyValueMemory? Memory, int Version, int Slot, int Rows) _rows;
    private int _length;
    private int _width;

    /// <summary>The binding for a run of <paramref name="rows"/> rows from a slot on.</summary>
    /// <param name="memory">The memory with their keys and values.</param>
    /// <param name="slot">The first row.</param>
    /// <param name="rows">How many rows.</param>
    /// <param name="length">New tokens of each row.</param>
    /// <param name="width">The mask's width: at least the longest row's tokens, the new ones included.</param>
    /// <param name="buffers">The buffers with the other tensors.</param>
    public OrtIoBinding For(KeyValueMemory memory, int slot, int rows, int length, int width, DecoderBuffers buffers)
    {
        _binding ??= session.CreateIoBinding();
        var (hasOtherRows, arrays) = (_rows.Rows != rows, buffers.Current);
        if (_rows != (memory, memory.Version, slot, rows)) BindCache(memory, slot, rows);
        if (hasOtherRows || _length != length || arrays != _arrays)
        {
            BindInput(config.Names.InputIds, ref _ids, Tensor(arrays.Ids, arrays.Device.Ids, rows, length));
            if (form.TakesPositions)
                BindInput(config.Names.PositionIds, ref _positions, Tensor(arrays.Positions, arrays.Device.Positions, rows, length));
            long[] shape = [rows, isPruned ? 1 : length, logitsStride];
            var logits = arrays.Half is { } half
                ? Tensor(half, arrays.Device.Logits, shape) : Tensor(arrays.Logits, arrays.Device.Logits, shape);
            _binding.BindOutput(config.Names.Logits, logits);
            Replace(ref _logits, logits);
        }

        if (hasOtherRows || _width != width || arrays != _arrays)
            BindInput(config.Names.AttentionMask, ref _mask, Tensor(arrays.Mask, arrays.Device.Mask, rows, width));
        (_length, _width, _arrays) = (length, width, arrays);
        return _binding;
    }

    public void Dispose()
    {
        _binding?.Dispose();
        foreach (var value in _cache) value?.Dispose();
        _ids?.Dispose();
        _positions?.Dispose();
        _mask?.Dispose();
        _logits?.Dispose();
    }

    private void BindCache(KeyValueMemory memory, int slot, int rows)
    {
        var names = config.Names;
        long[] shape = [rows, config.KeyValueHeads, memory.Positions, config.HeadSize];
        for (var i = 0; i < _cache.Length; i++)
        {
            var (layer, isValue) = (i / 2, i % 2 == 1);
            var value = OrtValue.CreateTensorValueWithData(
                place.Info, form.Cache, shape, memory.AddressOf(layer, isValue, slot), rows * memory.RowBytes);
            _binding!.BindInput(DecoderNames.Of(isValue ? names.PastValue : names.PastKey, layer), value);
            _binding.BindOutput(DecoderNames.Of(isValue ? names.PresentValue : names.PresentKey, layer), value);
            Replace(ref _cache[i], value);
        }

        _rows = (memory, memory.Version, slot, rows);
    }

    private void BindInput(string name, ref OrtValue? field, OrtValue value)
    {
        _binding!.BindInput(name, value);
        Replace(ref field, value);
    }

    private static void Replace(ref OrtValue? field, OrtValue value)
    {
        field?.Dispose();
        field = value;
    }

    /// <summary>A tensor over the start of an array, or over its copy on the device.</summary>
    private unsafe OrtValue Tensor<T>(T[] array, nint onDevice, params long[] shape)
        where T : unmanaged
    {
        var length = 1L;
        foreach (var size in shape) length *= size;
        return place.IsHost
            ? OrtValue.CreateTensorValueFromMemory(OrtMemoryInfo.DefaultInstance, array.AsMemory(0, checked((int)length)), shape)
            : OrtValue.CreateTensorValueWithData(place.Info, DecoderBuffers.TypeOf<T>(), shape, onDevice, length * sizeof(T));
    }
}
