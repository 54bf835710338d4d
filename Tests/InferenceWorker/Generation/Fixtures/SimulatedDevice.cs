using AiPlatform.InferenceWorker.Generation.Places;
using Microsoft.ML.OnnxRuntime;

namespace AiPlatform.Tests.InferenceWorker.Generation.Fixtures;

/// <summary>
/// A device whose memory is that of the process, so the CPU can run on it, but which is used as a device is: what is not copied to it is
/// not there, and copies to it and within it are made only when somebody waits for them, as late as a real device may make them.
/// </summary>
internal sealed class SimulatedDevice : ITensorMemory
{
    private readonly Dictionary<nint, long> _sizes = [];
    private readonly List<Action> _copies = [];

    /// <summary>Bytes that it has.</summary>
    public long Memory { get; set; } = long.MaxValue;

    public long Used => _sizes.Values.Sum();

    public long MostUsed { get; private set; }

    public long Uploaded { get; private set; }

    public long Downloaded { get; private set; }

    /// <summary>Whether it has fallen off the bus.</summary>
    public bool IsLost { get; set; }

    public bool IsDisposed { get; private set; }

    /// <summary>Bytes that nobody had freed when it was disposed.</summary>
    public long Leaked { get; private set; }

    public bool IsHost => false;

    public OrtMemoryInfo Info => OrtMemoryInfo.DefaultInstance;

    /// <summary>A decoder's place on this device.</summary>
    public DecoderPlace Place => DecoderPlace.Cpu with { NewMemory = _ => this };

    public nint Allocate(long bytes)
    {
        Check();
        if (Used + bytes > Memory) throw new InsufficientMemoryException($"The device has no {bytes} bytes left.");
        var address = HostMemory.Instance.Allocate(bytes);
        _sizes.Add(address, bytes);
        MostUsed = Math.Max(MostUsed, Used);
        return address;
    }

    public void Free(nint address)
    {
        if (!_sizes.Remove(address)) return;
        HostMemory.Instance.Free(address);
    }

    public void Copy(nint from, long fromPitch, nint to, long toPitch, long width, int parts)
    {
        Check();
        _copies.Add(() => HostMemory.Instance.Copy(from, fromPitch, to, toPitch, width, parts));
    }

    public void Swap(nint one, nint other, long pitch, long width, int parts)
    {
        Check();
        _copies.Add(() => HostMemory.Instance.Swap(one, other, pitch, width, parts));
    }

    public void Upload(ReadOnlySpan<byte> from, nint to)
    {
        Check();
        Uploaded += from.Length;
        // The bytes are taken at once, but may arrive later, as those of a small copy from pageable memory.
        var taken = from.ToArray();
        _copies.Add(() => HostMemory.Instance.Upload(taken, to));
    }

    public void Download(nint from, Span<byte> to)
    {
        Finish();
        Downloaded += to.Length;
        HostMemory.Instance.Download(from, to);
    }

    public void Finish()
    {
        Check();
        foreach (var copy in _copies) copy();
        _copies.Clear();
    }

    public void Dispose()
    {
        IsDisposed = true;
        Leaked = Used;
        foreach (var address in _sizes.Keys.ToList()) Free(address);
    }

    private void Check()
    {
        ObjectDisposedException.ThrowIf(IsDisposed, this);
        if (IsLost) throw new AiPlatform.InferenceWorker.Cuda.CudaException("CUDA error 719: unspecified launch failure");
    }
}
