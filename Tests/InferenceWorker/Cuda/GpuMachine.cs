using AiPlatform.InferenceWorker.Generation.Decoder;
using AiPlatform.InferenceWorker.Generation.Places;
using AiPlatform.InferenceWorker.Models;
using AiPlatform.Tests.InferenceWorker.Generation.Fixtures;
using Xunit;

namespace AiPlatform.Tests.InferenceWorker.Cuda;

/// <summary>The GPU of the machine that the tests of the category <c>Gpu</c> use; <c>./ai gpu-check</c> runs them.</summary>
internal static class GpuMachine
{
    /// <summary>Settings as the worker would read them.</summary>
    public static ModelOptions Options { get; } = new() { CudaPath = Environment.GetEnvironmentVariable("Models__CudaPath") };

    private static readonly Lazy<ExecutionDevice> Found = new(() => ExecutionDeviceChoice.Choose(Options));

    /// <summary>The device; skips the test where there is none.</summary>
    public static ExecutionDevice Device
    {
        get
        {
            Assert.SkipUnless(Found.Value.IsCuda, $"There is no GPU to test on: {Found.Value.Reason}.");
            return Found.Value;
        }
    }

    /// <summary>Opens the shipped chat model.</summary>
    public static OnnxDecoder OpenChat(ModelOptions? options = null, bool capturesGraphs = false)
    {
        var device = Device;
        SmolLm.SkipUnlessThere();
        return SmolLm.OpenCudaFile(new DecoderPlace(device, options ?? Options) { CapturesGraphs = capturesGraphs });
    }
}
