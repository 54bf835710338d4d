using AiPlatform.Gateway.StructuredOutput;
using AiPlatform.Tests.Fixtures;
using Xunit;

namespace AiPlatform.Tests.Gateway.StructuredOutput;

public sealed class SchemaWorkTests : IDisposable
{
    private static readonly int Threads = Math.Max(1, Environment.ProcessorCount / 2);

    private readonly SchemaWork _sut = new();

    [Fact]
    public async Task RunAsync_LittleWork_IsDoneInPlace()
    {
        var thread = Environment.CurrentManagedThreadId;

        var result = _sut.RunAsync(budget => { budget.Spend(100); return Environment.CurrentManagedThreadId; }, CancellationToken.None);

        Assert.True(result.IsCompletedSuccessfully);
        Assert.Equal(thread, await result);
    }

    [Fact]
    public async Task RunAsync_MuchWork_IsDoneOnAThreadOfItsOwn()
    {
        var isPool = await _sut.RunAsync(
            budget => { budget.Spend(StepBudget.Whole / 2); return Thread.CurrentThread.IsThreadPoolThread; }, CancellationToken.None);

        Assert.False(isPool);
    }

    [Fact]
    public async Task RunAsync_TooMuchWork_IsGivenUp()
    {
        var spent = await Assert.ThrowsAsync<StepsSpentException>(() => _sut.RunAsync<int>(Endless, CancellationToken.None).AsTask());

        Assert.Equal("it takes more than 20,000,000 steps", spent.Message);
    }

    [Fact]
    public async Task RunAsync_CallerLeavesWhileItRuns_EndsAndServesTheNext()
    {
        using var leaving = new CancellationTokenSource();
        long steps = 0;
        var run = _sut.RunAsync<int>(
            budget =>
            {
                // After the first steps the work continues on a thread of its own. There its caller disconnects.
                budget.Spend(StepBudget.Whole / 4);
                leaving.Cancel();
                for (; ; steps++) budget.Spend(1);
            },
            leaving.Token);

        await Assert.ThrowsAnyAsync<OperationCanceledException>(run.AsTask);
        Assert.InRange(steps, 0, 100_000);
        Assert.Equal(7, await _sut.RunAsync(budget => { budget.Spend(StepBudget.Whole / 2); return 7; }, CancellationToken.None));
    }

    [Fact]
    public async Task RunAsync_AllThreadsAreBusy_WaitsAndCanLeave()
    {
        using var gate = new ManualResetEventSlim();
        var busy = Enumerable.Range(0, Threads).Select(
            _ => _sut.RunAsync(budget => { budget.Spend(StepBudget.Whole / 2); gate.Wait(); return 0; }, CancellationToken.None).AsTask())
                .ToList();
        using var leaving = new CancellationTokenSource();

        var waiting = _sut.RunAsync<int>(Endless, leaving.Token).AsTask();
        await Poll.UntilAsync(() => _sut.Waiting == 1, "the work waits");
        await leaving.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting);
        Assert.Equal(0, _sut.Waiting);
        gate.Set();
        await Task.WhenAll(busy);
    }

    public void Dispose() => _sut.Dispose();

    private static int Endless(StepBudget budget)
    {
        while (true) budget.Spend(10);
    }
}
