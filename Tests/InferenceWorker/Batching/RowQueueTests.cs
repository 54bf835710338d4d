using AiPlatform.InferenceWorker.Batching;
using AiPlatform.Jobs.Payloads;
using FsCheck;
using FsCheck.Fluent;
using Xunit;

namespace AiPlatform.Tests.InferenceWorker.Batching;

public sealed class RowQueueTests
{
    private static readonly BatchLimits NearLengths = new(MaxRows: 4, MaxTokens: 100, LengthTolerance: 0.125);

    [Fact]
    public void Take_RowsOfLikeLength_ShareABatch()
    {
        var queue = Queue(NearLengths, [20], [60], [21], [19]);

        var batch = Take(queue);

        Assert.Equal([20, 19, 21], batch.Select(row => row.Length).Order().OrderBy(length => length != 20));
        Assert.Equal(1, queue.Rows);
    }

    [Fact]
    public void Take_MoreThanTheRowLimit_LeavesTheRest()
    {
        var queue = Queue(NearLengths, [5], [5], [5], [5], [5]);

        Assert.Equal(4, Take(queue).Count);
        Assert.Single(Take(queue));
    }

    [Fact]
    public void Take_MoreThanTheTokenLimit_CountsPadding()
    {
        var queue = Queue(new BatchLimits(8, 100, double.PositiveInfinity), [40], [10], [45], [1]);

        var batch = Take(queue);

        Assert.Equal([40, 10], batch.Select(row => row.Length));
    }

    [Fact]
    public void Take_BigRequestThenSingle_SingleIsInTheSecondBatch()
    {
        var queue = Queue(NearLengths, Enumerable.Repeat(10, 2_048).ToArray(), [40]);

        var first = Take(queue);
        var second = Take(queue);

        Assert.All(first, row => Assert.Equal(10, row.Length));
        Assert.Equal(40, Assert.Single(second).Length);
    }

    [Fact]
    public void Take_OddRowAmongManyAlike_IsPassedOverAtMostFourTimes()
    {
        // Each length ahead of the odd row has a partner behind it that would like to share its batch.
        int[] lengths = [5, 7, 9, 12, 15, 19, 24, 30];
        var queue = Queue(NearLengths, [.. lengths.Select(length => new[] { length }), [90], .. lengths.Select(length => new[] { length })]);

        var passedOver = 0;
        for (var batch = Take(queue); !batch.Exists(row => row.Length == 90); batch = Take(queue))
            if (batch.Exists(row => Order(row) > lengths.Length)) passedOver++;

        Assert.Equal(4, passedOver);
    }

    [Fact]
    public void Take_AnyRequests_EveryRowComesOnceAndLimitsHold() => Prop.ForAll(
        Gen.Choose(1, 64).ArrayOf().Where(lengths => lengths.Length > 0).ListOf().Where(requests => requests.Count > 0).ToArbitrary(),
        requests =>
        {
            var queue = new RowQueue(NearLengths);
            foreach (var lengths in requests) Add(queue, lengths);
            var taken = new List<WaitingRow>();
            while (queue.Rows > 0)
            {
                var batch = Take(queue);
                var longest = batch.Max(row => row.Length);
                Assert.True(batch.Count == 1 || (batch.Count <= NearLengths.MaxRows && batch.Count * longest <= NearLengths.MaxTokens));
                taken.AddRange(batch);
            }

            Assert.Equal(requests.Sum(lengths => lengths.Length), taken.Select(row => (row.Request, row.Index)).Distinct().Count());
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void Drop_RequestThatWaits_ItsRowsAreGone()
    {
        var queue = new RowQueue(NearLengths);
        var dropped = Add(queue, [10, 10]);
        Add(queue, [12]);

        queue.Drop(dropped);

        Assert.Equal(12, Assert.Single(Take(queue)).Length);
        Assert.Equal(0, queue.Rows);
    }

    [Fact]
    public void Close_NothingMoreIsTakenOrAdded()
    {
        var queue = Queue(NearLengths, [10]);

        Assert.Single(queue.Close());

        Assert.False(queue.Take([]));
        Assert.False(queue.TryAdd(new EmbeddingRun([[1]], EmbeddingOutput.Create(1, 4, 0, EmbeddingFormat.Float))));
    }

    /// <summary>The first token carries the order in which requests came.</summary>
    private static int Order(WaitingRow row) => row.TokenIds[0];

    private static RowQueue Queue(BatchLimits limits, params int[][] requests)
    {
        var queue = new RowQueue(limits);
        foreach (var lengths in requests) Add(queue, lengths);
        return queue;
    }

    private static EmbeddingRun Add(RowQueue queue, int[] lengths)
    {
        var order = queue.Rows;
        var rows = Array.ConvertAll(lengths, length => Enumerable.Repeat(order, length).ToArray());
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
