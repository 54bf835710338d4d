using System.Numerics.Tensors;
using System.Runtime.InteropServices;
using AiPlatform.InferenceWorker.Generation.Places;
using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;

namespace AiPlatform.InferenceWorker.Generation.Decoder;

/// <summary>
/// The inputs and outputs of runs besides keys and values. The arrays are pinned, and are replaced by larger ones when a run needs it. A
/// device has a copy of each, since a bound tensor of the process would be copied to it only once, when it is bound.
/// </summary>
internal sealed class DecoderBuffers(TensorElementType logitsType, ITensorMemory place) : IDisposable
{
    private Arrays _arrays = new([], [], [], [], logitsType == TensorElementType.Float16 ? [] : null, default);

    /// <summary>Token ids, position ids, mask and logits; if the graph's logits are fp16, they are in <c>Half</c>.</summary>
    internal readonly record struct Arrays(
        long[] Ids, long[] Positions, long[] Mask, float[] Logits, Float16[]? Half, DeviceArrays Device);

    /// <summary>The addresses of the arrays' copies on the device; 0 where there is none.</summary>
    internal readonly record struct DeviceArrays(nint Ids, nint Positions, nint Mask, nint Logits);

    public Arrays Current => _arrays;

    public int BytesPerLogit => logitsType == TensorElementType.Float16 ? sizeof(ushort) : sizeof(float);

    /// <summary>Makes room for a run.</summary>
    /// <exception cref="OutOfMemoryException">The device has none; nothing has changed.</exception>
    public void Ensure(int tokens, int mask, int logits)
    {
        var (arrays, device) = (_arrays, _arrays.Device);
        if (arrays.Ids.Length < tokens)
        {
            // Both are in one block.
            var ids = OnDevice(device.Ids, 2L * tokens * sizeof(long));
            device = device with { Ids = ids, Positions = ids + tokens * sizeof(long) };
            _arrays = arrays = arrays with { Ids = Pinned<long>(tokens), Positions = Pinned<long>(tokens), Device = device };
        }

        if (arrays.Mask.Length < mask)
        {
            device = device with { Mask = OnDevice(device.Mask, (long)mask * sizeof(long)) };
            _arrays = arrays = arrays with { Mask = Pinned<long>(mask), Device = device };
        }

        if (arrays.Logits.Length >= logits) return;
        device = device with { Logits = OnDevice(device.Logits, (long)logits * BytesPerLogit) };
        var half = arrays.Half is null ? null : Pinned<Float16>(logits);
        _arrays = arrays with { Logits = Pinned<float>(logits), Half = half, Device = device };
    }

    /// <summary>Copies the inputs to the device.</summary>
    public void Upload(int tokens, int mask, bool withPositions)
    {
        if (place.IsHost) return;
        place.Upload(MemoryMarshal.AsBytes(_arrays.Ids.AsSpan(0, tokens)), _arrays.Device.Ids);
        if (withPositions) place.Upload(MemoryMarshal.AsBytes(_arrays.Positions.AsSpan(0, tokens)), _arrays.Device.Positions);
        place.Upload(MemoryMarshal.AsBytes(_arrays.Mask.AsSpan(0, mask)), _arrays.Device.Mask);
        place.Finish();
    }

    /// <summary>The logits of the last run, from the device if they are there.</summary>
    public Span<float> Logits(int start, int length)
    {
        var logits = _arrays.Logits.AsSpan(start, length);
        if (_arrays.Half is { } half)
        {
            Download(half.AsSpan(start, length), start);
            TensorPrimitives.ConvertToSingle(MemoryMarshal.Cast<Float16, Half>(half.AsSpan(start, length)), logits);
        }
        else
        {
            Download(logits, start);
        }

        return logits;
    }

    public void Dispose()
    {
        if (!place.IsHost)
        {
            place.Free(_arrays.Device.Ids);
            place.Free(_arrays.Device.Mask);
            place.Free(_arrays.Device.Logits);
        }

        _arrays = new Arrays([], [], [], [], null, default);
    }

    public static TensorElementType TypeOf<T>() =>
        typeof(T) == typeof(long) ? TensorElementType.Int64
        : typeof(T) == typeof(Float16) ? TensorElementType.Float16 : TensorElementType.Float;

    private void Download<T>(Span<T> to, int start)
        where T : unmanaged
    {
        if (!place.IsHost) place.Download(_arrays.Device.Logits + (nint)((long)start * BytesPerLogit), MemoryMarshal.AsBytes(to));
    }

    /// <summary>A larger copy on the device in place of another.</summary>
    private nint OnDevice(nint before, long bytes)
    {
        if (place.IsHost) return 0;
        var made = place.Allocate(bytes);
        place.Free(before);
        return made;
    }

    private static T[] Pinned<T>(int length)
        where T : unmanaged =>
        GC.AllocateArray<T>(length, pinned: true);
}
