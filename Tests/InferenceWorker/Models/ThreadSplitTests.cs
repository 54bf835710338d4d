using AiPlatform.InferenceWorker.Models;
using Xunit;

namespace AiPlatform.Tests.InferenceWorker.Models;

public sealed class ThreadSplitTests
{
    private static readonly ExecutionDevice Cpu = new(null, "tests");
    private static readonly ExecutionDevice Cuda = new(0, "tests");

    [Theory]
    [InlineData(8, 2, 2, 4)]
    [InlineData(8, 3, 3, 2)]
    [InlineData(2, 8, 8, 1)]
    [InlineData(8, 1, 1, 8)]
    [InlineData(1, 0, 1, 1)]
    public void Configured_OnTheCpu_SharesTheThreads(int threads, int parallelRuns, int expectedRuns, int expectedThreads) =>
        Assert.Equal(
            new ThreadSplit(expectedRuns, expectedThreads),
            ThreadSplit.Configured(Cpu, new ModelOptions { Threads = threads, ParallelRuns = parallelRuns }));

    [Fact]
    public void Configured_NothingSaid_IsToBeMeasured() =>
        Assert.Null(ThreadSplit.Configured(Cpu, new ModelOptions { Threads = 4 }));

    [Theory]
    [InlineData(0, 1)]
    [InlineData(2, 2)]
    public void Configured_OnCuda_IsOneRunUnlessToldOtherwise(int parallelRuns, int expected) =>
        Assert.Equal(
            new ThreadSplit(expected, 1),
            ThreadSplit.Configured(Cuda, new ModelOptions { Threads = 4, ParallelRuns = parallelRuns }));
}
