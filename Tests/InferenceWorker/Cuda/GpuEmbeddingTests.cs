using AiPlatform.InferenceWorker.Encoders;
using AiPlatform.InferenceWorker.Models;
using AiPlatform.Tests.InferenceWorker.Fixtures;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace AiPlatform.Tests.InferenceWorker.Cuda;

/// <summary>The shipped embedding model on a GPU.</summary>
[Trait("Category", "Gpu")]
public sealed class GpuEmbeddingTests
{
    private const float Tolerance = 2e-3f;

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task Embed_ReferenceTexts_AreTheirVectors(int parallelRuns)
    {
        var options = new ModelOptions { CudaPath = GpuMachine.Options.CudaPath, ParallelRuns = parallelRuns };
        var warm = Warm(options);
        Assert.Equal(parallelRuns, warm.Plan.ParallelRuns);
        var tokenizer = warm.Opened.Tokenizer;
        var rows = ReferenceEmbeddings.All.Select(
            row => tokenizer.Truncate(tokenizer.Encode(row.Text), Manifests.Shipped.MaxTokens)).ToArray();
        var sut = Batchers.Start(warm.Opened.Session, Manifests.Shipped, warm.Plan.Limits, parallelRuns);

        var (found, error) = await sut.EmbedAsync(rows, 384);

        Assert.Null(error);
        for (var i = 0; i < rows.Length; i++)
            Assert.InRange(ReferenceEmbeddings.LargestDifference(found[i], ReferenceEmbeddings.All[i].Vector), 0, Tolerance);
        sut.Stop();
        await sut.Completion;
    }

    /// <summary>With the least memory that the settings allow, batches may be smaller, but the model runs.</summary>
    [Fact]
    public void Run_LittleMemory_WarmsUpWithSmallerBatches()
    {
        var options = new ModelOptions { CudaPath = GpuMachine.Options.CudaPath, DeviceMemoryLimitBytes = 256L * 1024 * 1024 };

        var warm = Warm(options);

        Assert.InRange(warm.Plan.Limits.MaxTokens, 1, Manifests.Shipped.MaxBatchTokens);
        warm.Opened.Session.Dispose();
    }

    private static WarmEncoder Warm(ModelOptions options)
    {
        var device = GpuMachine.Device;
        var opened = OpenedEncoder.Open(Manifests.Shipped, device, options);
        return new EncoderWarmUp(device, options, TimeProvider.System, NullLogger.Instance).Run(opened);
    }
}
