using AiPlatform.InferenceWorker.Models;
using Microsoft.ML.OnnxRuntime;
using SessionOptions = Microsoft.ML.OnnxRuntime.SessionOptions;

namespace AiPlatform.InferenceWorker.Generation.Places;

/// <summary>Where a decoder runs.</summary>
/// <param name="Device">The device.</param>
/// <param name="Options">The settings of devices.</param>
internal sealed record DecoderPlace(ExecutionDevice Device, ModelOptions Options)
{
    public static DecoderPlace Cpu { get; } = new(new ExecutionDevice(null, "the default"), new ModelOptions());

    /// <summary>The ONNX file for the device; null for the one that the configuration names.</summary>
    public string? File { get; init; }

    /// <summary>Whether steps are captured as CUDA graphs.</summary>
    public bool CapturesGraphs { get; init; }

    /// <summary>Makes the memory of its tensors.</summary>
    public Func<InferenceSession, ITensorMemory> NewMemory { get; init; } =
        session => Device.CudaDeviceId is { } id ? CudaMemory.Of(session, id) : HostMemory.Instance;

    /// <summary>Lets a session of these settings run there.</summary>
    public void AddTo(SessionOptions settings)
    {
        if (Device.IsCuda) SessionSettings.AddCuda(settings, SessionSettings.CudaOptions(Device, Options, CapturesGraphs));
    }
}
