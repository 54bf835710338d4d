using System.Buffers;
using System.Runtime.CompilerServices;
using Microsoft.ML.OnnxRuntime;

namespace AiPlatform.InferenceWorker.Cuda;

/// <summary>
/// Page-locked memory of the process. A CUDA device copies from it and to it directly; other memory the driver copies once more. ONNX
/// Runtime is told that it is ordinary memory, so it waits for each copy as it would for any other.
/// </summary>
/// <param name="session">The session whose allocator it comes from. Dispose the memory before it.</param>
/// <param name="info">Which allocator.</param>
/// <exception cref="OnnxRuntimeException">The session has no such allocator.</exception>
internal sealed class PinnedMemory(InferenceSession session, OrtMemoryInfo info) : IDisposable
{
    private readonly OrtAllocator _allocator = new(session, info);
    private readonly Lock _gate = new();
    private readonly List<OrtMemoryAllocation> _allocations = [];

    /// <summary>The page-locked memory for a device; null if the session has none, which costs time only.</summary>
    public static PinnedMemory? Of(InferenceSession session, int device)
    {
        try
        {
            using var info = new OrtMemoryInfo(
                OrtMemoryInfo.allocatorCUDA_PINNED, OrtAllocatorType.DeviceAllocator, device, OrtMemType.CpuOutput);
            return new PinnedMemory(session, info);
        }
        catch (OnnxRuntimeException)
        {
            return null;
        }
    }

    /// <summary>Allocates numbers, which are 0. Disposing them frees them; so does disposing this.</summary>
    /// <returns>Null if the system locks no more pages.</returns>
    public IMemoryOwner<T>? TryAllocate<T>(int length)
        where T : unmanaged
    {
        // The allocator itself does not check it.
        ObjectDisposedException.ThrowIf(_allocator.IsClosed, this);
        try
        {
            var bytes = (long)length * Unsafe.SizeOf<T>();
            var allocation = _allocator.Allocate(checked((uint)bytes));
            var block = new Block<T>(allocation, length);
            block.GetSpan().Clear();
            lock (_gate) _allocations.Add(allocation);
            return block;
        }
        catch (OnnxRuntimeException)
        {
            return null;
        }
    }

    public void Dispose()
    {
        lock (_gate)
        {
            foreach (var allocation in _allocations) allocation.Dispose();
            _allocations.Clear();
        }

        _allocator.Dispose();
    }

    private sealed unsafe class Block<T>(OrtMemoryAllocation allocation, int length) : MemoryManager<T>
        where T : unmanaged
    {
        private T* Start => (T*)allocation.DangerousGetHandle();

        public override Span<T> GetSpan() => new(Start, length);

        public override MemoryHandle Pin(int elementIndex = 0) => new(Start + elementIndex);

        public override void Unpin()
        {
            // It never moves.
        }

        protected override void Dispose(bool disposing) => allocation.Dispose();
    }
}
