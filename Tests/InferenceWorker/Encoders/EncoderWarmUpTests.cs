using AiPlatform.InferenceWorker.Batching;
using AiPlatform.InferenceWorker.Encoders;
using AiPlatform.InferenceWorker.Models;
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

    private static WarmEncoder Run(ModelOptions options)
    {
        var opened = OpenedEncoder.Open(Manifests.Shipped, Cpu, options);
        var warm = new EncoderWarmUp(Cpu, options, TimeProvider.System, NullLogger.Instance).Run(opened);
        warm.Opened.Session.Dispose();
        return warm;
    }
}
