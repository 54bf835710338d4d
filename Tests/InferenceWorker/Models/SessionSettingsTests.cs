using AiPlatform.InferenceWorker.Generation.Places;
using AiPlatform.InferenceWorker.Models;
using Microsoft.ML.OnnxRuntime;
using Xunit;
using SessionOptions = Microsoft.ML.OnnxRuntime.SessionOptions;

namespace AiPlatform.Tests.InferenceWorker.Models;

public sealed class SessionSettingsTests
{
    /// <summary>A session on CUDA needs CUDA's provider, which says here that it cannot be loaded.</summary>
    [Fact]
    public void For_Cuda_AddsItsProvider()
    {
        Assert.SkipWhen(ExecutionDeviceChoice.Choose(new ModelOptions()).IsCuda, "This machine has CUDA.");
        var cuda = new ExecutionDevice(0, "tests");

        Assert.Throws<OnnxRuntimeException>(() => SessionSettings.For(cuda, new ModelOptions(), ThreadSplit.OneRun(1)));

        using var settings = new SessionOptions();
        Assert.Throws<OnnxRuntimeException>(() => new DecoderPlace(cuda, new ModelOptions()).AddTo(settings));
    }

    [Fact]
    public void CudaOptions_Defaults_NameTheDeviceAndNoLimit() =>
        Assert.Equal(
            new Dictionary<string, string> { ["device_id"] = "2", ["arena_extend_strategy"] = "kSameAsRequested", ["use_tf32"] = "1" },
            SessionSettings.CudaOptions(new ExecutionDevice(2, "tests"), new ModelOptions()));

    [Fact]
    public void CudaOptions_EverySetting_IsPassedOn()
    {
        var options = new ModelOptions
        {
            DeviceMemoryLimitBytes = 1L << 33,
            ArenaGrowth = ArenaGrowth.Doubling,
            TensorFloat32 = false,
        };

        Assert.Equal(
            new Dictionary<string, string>
            {
                ["device_id"] = "0",
                ["arena_extend_strategy"] = "kNextPowerOfTwo",
                ["use_tf32"] = "0",
                ["gpu_mem_limit"] = "8589934592",
                ["enable_cuda_graph"] = "1",
            },
            SessionSettings.CudaOptions(new ExecutionDevice(0, "tests"), options, capturesGraphs: true));
    }
}
