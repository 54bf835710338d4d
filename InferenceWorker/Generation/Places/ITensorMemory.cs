using System.Runtime.InteropServices;
using Microsoft.ML.OnnxRuntime;

namespace AiPlatform.InferenceWorker.Generation.Places;

/// <summary>The memory that has a decoder's tensors: the process', or a device's. Only one thread may use it at a time.</summary>
internal interface ITensorMemory : IDisposable
{
    /// <summary>Whether the process reads and writes it itself, so that nothing has to be copied to it and from it.</summary>
    bool IsHost { get; }

    /// <summary>Where it is, for ONNX Runtime.</summary>
    OrtMemoryInfo Info { get; }

    /// <summary>Allocates bytes, which are 0.</summary>
    /// <exception cref="OutOfMemoryException">There is not enough memory.</exception>
    nint Allocate(long bytes);

    /// <summary>Frees what was allocated; 0 is nothing.</summary>
    void Free(nint address);

    /// <summary>Copies parts of equal width, which begin at equal distances.</summary>
    void Copy(nint from, long fromPitch, nint to, long toPitch, long width, int parts);

    /// <summary>Exchanges parts of equal width, which begin at equal distances.</summary>
    void Swap(nint one, nint other, long pitch, long width, int parts);

    void Upload(ReadOnlySpan<byte> from, nint to);

    void Download(nint from, Span<byte> to);

    /// <summary>Waits until all copies are done. Call it before a run that reads them, and before memory is freed.</summary>
    void Finish();
}

/// <summary>
/// The memory of the process. It is not managed by the garbage collector: its size is exact, and the system provides pages only when they
/// are written.
/// </summary>
internal sealed unsafe class HostMemory : ITensorMemory
{
    public static HostMemory Instance { get; } = new();

    public bool IsHost => true;

    public OrtMemoryInfo Info => OrtMemoryInfo.DefaultInstance;

    public nint Allocate(long bytes) => (nint)NativeMemory.AllocZeroed(checked((nuint)bytes));

    public void Free(nint address) => NativeMemory.Free((void*)address);

    public void Copy(nint from, long fromPitch, nint to, long toPitch, long width, int parts)
    {
        for (var i = 0; i < parts; i++)
            Buffer.MemoryCopy((void*)(from + (nint)(i * fromPitch)), (void*)(to + (nint)(i * toPitch)), width, width);
    }

    public void Swap(nint one, nint other, long pitch, long width, int parts)
    {
        var length = checked((int)width);
        for (var i = 0; i < parts; i++)
            Swap(new Span<byte>((void*)(one + (nint)(i * pitch)), length), new Span<byte>((void*)(other + (nint)(i * pitch)), length));
    }

    public void Upload(ReadOnlySpan<byte> from, nint to) => from.CopyTo(new Span<byte>((void*)to, from.Length));

    public void Download(nint from, Span<byte> to) => new ReadOnlySpan<byte>((void*)from, to.Length).CopyTo(to);

    public void Finish()
    {
        // Copies are done when they return.
    }

    public void Dispose()
    {
        // It has nothing of its own.
    }

    private static void Swap(Span<byte> one, Span<byte> other)
    {
        Span<byte> between = stackalloc byte[4_096];
        while (one.Length > 0)
        {
            var part = between[..Math.Min(between.Length, one.Length)];
            one[..part.Length].CopyTo(part);
            other[..part.Length].CopyTo(one);
            part.CopyTo(other);
            one = one[part.Length..];
            other = other[part.Length..];
        }
    }
}
