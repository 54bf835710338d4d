using AiPlatform.InferenceWorker.Cuda;
using Microsoft.ML.OnnxRuntime;

namespace AiPlatform.InferenceWorker.Generation.Places;

/// <summary>
/// The memory of a CUDA device. It comes from the arena of the session that uses it, so the limit of the arena holds for both.
/// </summary>
internal sealed class CudaMemory : ITensorMemory
{
    /// <summary>What a swap keeps at a time. It is there from the beginning, so that a swap never lacks memory.</summary>
    private const int SwapBytes = 1024 * 1024;

    private readonly int _device;
    private readonly OrtAllocator _allocator;
    private readonly Dictionary<nint, OrtMemoryAllocation> _allocations = [];
    private readonly nint _between;

    /// <param name="session">The session.</param>
    /// <param name="info">Where the memory is.</param>
    /// <param name="device">The device's number.</param>
    /// <exception cref="OutOfMemoryException">There is none left.</exception>
    public CudaMemory(InferenceSession session, OrtMemoryInfo info, int device)
    {
        (Info, _device, _allocator) = (info, device, new OrtAllocator(session, info));
        _between = Allocate(SwapBytes);
    }

    public bool IsHost => false;

    public OrtMemoryInfo Info { get; }

    /// <summary>The memory of a device.</summary>
    public static CudaMemory Of(InferenceSession session, int device) => new(
        session, new OrtMemoryInfo(OrtMemoryInfo.allocatorCUDA, OrtAllocatorType.DeviceAllocator, device, OrtMemType.Default), device);

    public nint Allocate(long bytes)
    {
        // ONNX Runtime's allocator takes 32 bits of size.
        if (bytes > uint.MaxValue) throw new InsufficientMemoryException($"A tensor of {bytes} bytes is more than the allocator takes.");
        OrtMemoryAllocation made;
        try
        {
            made = _allocator.Allocate((uint)bytes);
        }
        catch (OnnxRuntimeException refused)
        {
            throw new InsufficientMemoryException(refused.Message, refused);
        }

        var address = made.DangerousGetHandle();
        if (address == 0) throw new InsufficientMemoryException($"The allocator gave no {bytes} bytes.");
        _allocations.Add(address, made);
        CudaRuntime.Use(_device);
        CudaRuntime.Clear(address, bytes);
        return address;
    }

    public void Free(nint address)
    {
        if (_allocations.Remove(address, out var allocation)) allocation.Dispose();
    }

    public void Copy(nint from, long fromPitch, nint to, long toPitch, long width, int parts)
    {
        CudaRuntime.Use(_device);
        CudaRuntime.Copy(from, fromPitch, to, toPitch, width, parts);
    }

    public void Swap(nint one, nint other, long pitch, long width, int parts)
    {
        var most = SwapBytes / parts;
        for (var done = 0L; done < width; done += most)
        {
            var (first, second, part) = (one + (nint)done, other + (nint)done, Math.Min(most, width - done));
            Copy(first, pitch, _between, part, part, parts);
            Copy(second, pitch, first, pitch, part, parts);
            Copy(_between, part, second, pitch, part, parts);
        }
    }

    public void Upload(ReadOnlySpan<byte> from, nint to)
    {
        CudaRuntime.Use(_device);
        CudaRuntime.Upload(from, to);
    }

    public void Download(nint from, Span<byte> to)
    {
        CudaRuntime.Use(_device);
        CudaRuntime.Download(from, to);
    }

    public void Finish()
    {
        CudaRuntime.Use(_device);
        CudaRuntime.Finish();
    }

    public void Dispose()
    {
        foreach (var allocation in _allocations.Values) allocation.Dispose();
        _allocations.Clear();
        _allocator.Dispose();
    }
}
