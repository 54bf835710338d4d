using AiPlatform.Gateway.Queues;
using AiPlatform.Jobs;
using Xunit;

namespace AiPlatform.Tests.Gateway.Queues;

public sealed class WorkerLoadTests
{
    [Fact]
    public void Of_NoQueue_IsZero() => Assert.Equal(new WorkerLoad { Jobs = 0, OldestMs = 0 }, WorkerLoad.Of([]));

    [Fact]
    public void Of_SeveralQueues_SumsJobsAndTakesTheOldest()
    {
        var load = WorkerLoad.Of(
            [State(depth: 5, running: 2, oldest: 700), State(depth: 0, running: 3, oldest: null),
                State(depth: 1, running: 0, oldest: 4_000)]);

        Assert.Equal(new WorkerLoad { Jobs = 11, OldestMs = 4_000 }, load);
    }

    [Fact]
    public void Of_PausedQueue_CountsOnlyWhatRuns()
    {
        var load = WorkerLoad.Of([State(depth: 50, running: 2, oldest: 90_000, paused: true), State(depth: 1, running: 0, oldest: 10)]);

        Assert.Equal(new WorkerLoad { Jobs = 3, OldestMs = 10 }, load);
    }

    private static QueueState State(long depth, long running, double? oldest, bool paused = false) => new()
    {
        Queue = QueueName.ForModel("model"),
        Depth = depth,
        Running = running,
        DrainPerSecond = 0,
        IsPaused = paused,
        Broken = 0,
        Problem = null,
        Dead = 0,
        Lanes = [new LaneState(Lane.Default, depth, oldest is { } age ? TimeSpan.FromMilliseconds(age) : null)],
    };
}
