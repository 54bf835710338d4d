using AiPlatform.InferenceWorker.Batching;
using AiPlatform.InferenceWorker.Models;
using AiPlatform.Tests.InferenceWorker.Fixtures;
using Xunit;

namespace AiPlatform.Tests.InferenceWorker.Batching;

public sealed class BatchLimitsTests
{
    [Theory]
    [InlineData(1, 256)]
    [InlineData(2, 256)]
    [InlineData(8, 1_024)]
    [InlineData(128, 8_192)]
    public void For_Cpu_GrowsWithThreadsWithinTheManifest(int threads, int tokens)
    {
        var limits = BatchLimits.For(Manifests.Shipped, new ExecutionDevice(null, "tests"), threads);

        Assert.Equal((32, tokens), (limits.MaxRows, limits.MaxTokens));
        Assert.Equal(3, limits.ToleranceOf(26));
    }

    [Fact]
    public void For_Cuda_IsTheManifestsAndAnyLength()
    {
        var limits = BatchLimits.For(Manifests.Shipped, new ExecutionDevice(0, "tests"), threads: 2);

        Assert.Equal((32, 8_192), (limits.MaxRows, limits.MaxTokens));
        Assert.Equal(int.MaxValue, limits.ToleranceOf(26));
    }
}
