using AiPlatform.InferenceWorker.Batching;
using AiPlatform.InferenceWorker.Encoders;
using AiPlatform.InferenceWorker.Files;
using AiPlatform.InferenceWorker.Models;
using AiPlatform.InferenceWorker.Text;
using AiPlatform.Tests.InferenceWorker.Fixtures;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace AiPlatform.Tests.InferenceWorker.Encoders;

public sealed class EncoderWarmUpTests
{
    private static readonly ExecutionDevice Cpu = new(null, "tests");

    [Theory]
    [InlineData(0)]
    [InlineData(3)]
    public void Run_ShippedModel_PlansWithinItsLimits(int parallelRuns)
    {
        var options = new ModelOptions { Threads = 2, ParallelRuns = parallelRuns };

        var warm = Run(options);

        Assert.Equal(warm.Opened.Threads.ParallelRuns, warm.Plan.ParallelRuns);
        if (parallelRuns > 0) Assert.Equal(parallelRuns, warm.Plan.ParallelRuns);
        else Assert.InRange(warm.Plan.ParallelRuns, 1, 2);
        Assert.Equal(Manifests.Shipped.MaxBatchRows, warm.Plan.Limits.MaxRows);
        Assert.InRange(warm.Plan.Limits.MaxTokens, 1, Manifests.Shipped.MaxBatchTokens);
        Assert.True(warm.Plan.Cost.SecondsOf(1) > 0);
    }

    [Theory]
    [InlineData(1, 64)]
    [InlineData(64, 1_024)]
    public void CapacityOf_ManyParallelRuns_KeepsThemAllBusy(int parallelRuns, int capacity)
    {
        var plan = new BatchPlan(new BatchLimits(32, 256), Costs.Mixed, parallelRuns);

        Assert.Equal(capacity, LoadedEncoder.CapacityOf(Manifests.Shipped, plan, new ModelOptions { LeasedBatches = 2 }));
    }

    /// <summary>A device has memory for small batches only: the model serves, with batches of at most half of what was too large.</summary>
    [Theory]
    [InlineData(3_000)]
    [InlineData(256)]
    public void Run_DeviceWithLittleMemory_PlansSmallerBatches(int mostTokens)
    {
        var warm = RunOn(new ExecutionDevice(0, "tests"), mostTokens);

        Assert.InRange(warm.Plan.Limits.RowsOf(Manifests.Shipped.MaxTokens) * Manifests.Shipped.MaxTokens, 1, mostTokens);
    }

    [Fact]
    public void Run_CpuThatRefusesABatch_RefusesTheModel() =>
        Assert.Contains(
            "it loads, but fails when it runs: There is no memory left.",
            Assert.Throws<ModelProblemException>(() => RunOn(Cpu, 3_000)).Message, StringComparison.Ordinal);

    private static WarmEncoder RunOn(ExecutionDevice device, int mostTokens)
    {
        var options = new ModelOptions { Threads = 1 };
        using var session = new FakeSession { MostTokens = mostTokens };
        var tokenizer = TokenizerLoader.Load(Path.Combine(Manifests.ShippedFolder, "tokenizer.json"));
        return new EncoderWarmUp(device, options, TimeProvider.System, NullLogger.Instance).Run(
            new OpenedEncoder(Manifests.Shipped, tokenizer, session, ThreadSplit.OneRun(1)));
    }

    private static WarmEncoder Run(ModelOptions options)
    {
        var opened = OpenedEncoder.Open(Manifests.Shipped, Cpu, options);
        var warm = new EncoderWarmUp(Cpu, options, TimeProvider.System, NullLogger.Instance).Run(opened);
        warm.Opened.Session.Dispose();
        return warm;
    }
}
