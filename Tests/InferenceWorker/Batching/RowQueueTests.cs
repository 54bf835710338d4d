using AiPlatform.InferenceWorker.Batching;
using AiPlatform.Tests.Fixtures;
using AiPlatform.Tests.InferenceWorker.Fixtures;
using Xunit;

namespace AiPlatform.Tests.InferenceWorker.Batching;

public sealed class RowQueueTests
{
    private static readonly BatchLimits Limits = new(MaxRows: 4, MaxTokens: 100);

    [Fact]
    public void Take_RowsOfLikeLength_ShareABatchWithTheOldest()
    {
        var queue = Queue(Costs.Mixed, Limits, [24], [60], [26], [12], [20]);

        Assert.Equal([20, 24, 26], Lengths(Take(queue)));
    }

    [Fact]
    public void Take_RoomInABatch_IsToppedUpWithWhatCameLater()
    {
        // Six rows make two batches. The second one still has room when it runs.
        var queue = Queue(Costs.Flat, Limits, [5], [5], [5], [5], [6], [6]);
        Take(queue);
        Add(queue, [3]);
        Add(queue, [99]);
        Add(queue, [3]);

        // 99 does not fit, and no row after it may run before it.
        Assert.Equal([3, 6, 6], Lengths(Take(queue)));
        Assert.Equal([99], Lengths(Take(queue)));
    }

    [Fact]
    public void Take_BigRequestThenSingle_SingleIsInTheSecondBatch()
    {
        var queue = Queue(Costs.Flat, Limits, Enumerable.Repeat(10, 2_048).ToArray(), [40]);

        var first = Take(queue);
        var second = Take(queue);

        Assert.All(first, row => Assert.Equal(10, row.Length));
        Assert.Contains(second, row => row.Length == 40);
    }

    [Theory]
    [InlineData(4, 4)]
    [InlineData(9, 0)]
    public void Take_OddRowAmongManyAlike_IsPassedOverAtMostFourTimes(int otherLengths, int expected)
    {
        // Each length before the odd row has a row of the same length after it, which would save time in its batch. A run costs half a
        // token.
        var others = Enumerable.Range(1, otherLengths).Select(i => new[] { 2 * i }).ToArray();
        var queue = Queue(new DeviceCost(0.0001, 0.0002, 0), Limits, [.. others, [90], .. others]);

        var passedOver = 0;
        for (var batch = Take(queue); !batch.Exists(row => row.Length == 90); batch = Take(queue))
            if (batch.Exists(row => row.TokenIds[0] > otherLengths)) passedOver++;

        Assert.Equal(expected, passedOver);
    }

    [Fact]
    public async Task Take_TwoThreadsIdle_EachGetsItsPartOfOneRequest()
    {
        var queue = new RowQueue(Limits, Costs.Flat);
        var takers = Enumerable.Range(0, 2)
            .Select(_ =>
                Task.Factory.StartNew(() => Take(queue), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default))
            .ToList();
        await Poll.UntilAsync(() => queue.IdleThreads == 2, "both threads wait");

        Add(queue, [10, 10, 10, 10]);

        foreach (var batch in await Task.WhenAll(takers).WaitAsync(TimeSpan.FromMinutes(1), CancellationToken.None))
            Assert.Equal(2, batch.Count);
        Assert.Equal(0, queue.IdleThreads);
    }

    [Fact]
    public void Drop_RequestThatWaits_ItsRowsAreGone()
    {
        var queue = new RowQueue(Limits, Costs.Flat);
        var dropped = Add(queue, [10, 10]);
        Add(queue, [12]);

        queue.Drop(dropped);
        queue.Drop(dropped);

        Assert.Equal([12], Lengths(Take(queue)));
        Assert.Equal(0, queue.Rows);
    }

    [Fact]
    public void Drop_RequestOfABegunRound_ItsRowsAreGone()
    {
        var queue = Queue(Costs.Linear, Limits, [10], [11]);
        var dropped = Add(queue, [12]);
        Take(queue);

        queue.Drop(dropped);

        Assert.Equal([11], Lengths(Take(queue)));
        Assert.Equal(0, queue.Rows);
    }

    [Fact]
    public void Close_InTheMiddleOfARound_GivesWhoStillWaitsAndNothingIsTakenOrAdded()
    {
        var queue = Queue(Costs.Linear, Limits, [10], [11], [12]);
        Take(queue);
        Add(queue, [13]);

        Assert.Equal(3, queue.Close().Count);

        Assert.Equal(0, queue.Rows);
        Assert.False(queue.Take([]));
        Assert.False(queue.TryAdd(new RowRequest([[1]])));
    }

    private static IEnumerable<int> Lengths(List<WaitingRow> batch) => batch.Select(row => row.Length).Order();

    private static RowQueue Queue(DeviceCost cost, BatchLimits limits, params int[][] requests)
    {
        var queue = new RowQueue(limits, cost);
        foreach (var lengths in requests) Add(queue, lengths);
        return queue;
    }

    /// <summary>Each row's tokens encode how many rows waited before it.</summary>
    private static RowRequest Add(RowQueue queue, int[] lengths)
    {
        var before = queue.Rows;
        var rows = Array.ConvertAll(lengths, length => Enumerable.Repeat(before, length).ToArray());
        var run = new RowRequest(rows);
        Assert.True(queue.TryAdd(run));
        return run;
    }

    private static List<WaitingRow> Take(RowQueue queue)
    {
        List<WaitingRow> batch = [];
        Assert.True(queue.Take(batch));
        return batch;
    }
}
