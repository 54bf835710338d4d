using AiPlatform.InferenceWorker.Batching;
using AiPlatform.Jobs.Payloads;
using AiPlatform.Tests.Fixtures;
using AiPlatform.Tests.InferenceWorker.Fixtures;
using Xunit;

namespace AiPlatform.Tests.InferenceWorker.Batching;

public sealed class RowQueueTests
{
    private static readonly BatchLimits Limits = new(MaxRows: 4, MaxTokens: 100);

    [Fact]
    public void Take_LinearDevice_RowsRunAlone()
    {
        var queue = Queue(Costs.Linear, Limits, [20], [20], [21]);

        Assert.Equal([20], Lengths(Take(queue)));
    }

    [Fact]
    public void Take_FlatDevice_AnyLengthsShareABatch()
    {
        var queue = Queue(Costs.Flat, Limits, [25], [1], [13], [24]);

        Assert.Equal([1, 13, 24, 25], Lengths(Take(queue)));
    }

    [Fact]
    public void Take_MixedDevice_RowsThatNeedLittlePaddingShareABatch()
    {
        // The run is worth 10 tokens: 20 may join 24 (4 of padding), then 26 pads both (2 × 2 more); 12 and 60 would cost more.
        var queue = Queue(Costs.Mixed, Limits, [24], [60], [26], [12], [20]);

        Assert.Equal([20, 24, 26], Lengths(Take(queue)));
    }

    [Fact]
    public void Take_MoreThanFit_TakesTheNearestInLength()
    {
        var queue = Queue(Costs.Flat, Limits, [20], [11], [20], [25], [19], [20]);

        Assert.Equal([19, 20, 20, 20], Lengths(Take(queue)));
    }

    [Fact]
    public void Take_MoreThanTheRowLimit_LeavesTheRest()
    {
        var queue = Queue(Costs.Flat, Limits, [5], [5], [5], [5], [5]);

        Assert.Equal(4, Take(queue).Count);
        Assert.Single(Take(queue));
    }

    [Fact]
    public void Take_MoreThanTheTokenLimit_CountsPadding()
    {
        var queue = Queue(Costs.Flat, Limits, [40], [10], [52], [1]);

        Assert.Equal([10, 40], Lengths(Take(queue)));
    }

    [Fact]
    public void Take_RowOverTheTokenLimit_RunsAlone()
    {
        var queue = Queue(Costs.Flat, Limits, [200], [1]);

        Assert.Equal([200], Lengths(Take(queue)));
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

    [Fact]
    public void Take_OddRowAmongManyAlike_IsPassedOverAtMostFourTimes()
    {
        // Each length ahead of the odd row has a partner behind it that would like to share its batch; a run is worth half a token.
        int[] lengths = [5, 7, 9, 12, 15, 19];
        var queue = Queue(
            new DeviceCost(0.0001, 0.0002, 0), Limits, [.. lengths.Select(length => new[] { length }), [90], .. lengths.Select(length => new[] { length })]);

        var passedOver = 0;
        for (var batch = Take(queue); !batch.Exists(row => row.Length == 90); batch = Take(queue))
            if (batch.Exists(row => row.TokenIds[0] > lengths.Length)) passedOver++;

        Assert.Equal(4, passedOver);
    }

    [Fact]
    public async Task Take_TwoThreadsIdle_EachGetsItsPartOfOneRequest()
    {
        var queue = new RowQueue(Limits, Costs.Flat);
        var takers = Enumerable.Range(0, 2)
            .Select(_ => Task.Factory.StartNew(() => Take(queue), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default))
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
    public void Close_NothingMoreIsTakenOrAdded()
    {
        var queue = Queue(Costs.Flat, Limits, [10]);

        Assert.Single(queue.Close());

        Assert.False(queue.Take([]));
        Assert.False(queue.TryAdd(new EmbeddingRun([[1]], EmbeddingOutput.Create(1, 4, 0, EmbeddingFormat.Float))));
    }

    private static IEnumerable<int> Lengths(List<WaitingRow> batch) => batch.Select(row => row.Length).Order();

    private static RowQueue Queue(DeviceCost cost, BatchLimits limits, params int[][] requests)
    {
        var queue = new RowQueue(limits, cost);
        foreach (var lengths in requests) Add(queue, lengths);
        return queue;
    }

    /// <summary>The tokens carry the number of rows that waited before.</summary>
    private static EmbeddingRun Add(RowQueue queue, int[] lengths)
    {
        var before = queue.Rows;
        var rows = Array.ConvertAll(lengths, length => Enumerable.Repeat(before, length).ToArray());
        var run = new EmbeddingRun(rows, EmbeddingOutput.Create(rows.Length, 4, 0, EmbeddingFormat.Float));
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
