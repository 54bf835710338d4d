using System.Collections.Concurrent;
using AiPlatform.Jobs;
using AiPlatform.Jobs.Store;
using AiPlatform.Tests.Fixtures;
using Xunit;

namespace AiPlatform.Tests.Jobs.Store;

public sealed class CallGathererTests
{
    private static readonly QueueName Queue = QueueName.ForModel("q");

    private readonly ConcurrentQueue<Batch> _sent = [];

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task CallAsync_Alone_GoesAtOnce()
    {
        var sut = CreateSut();

        var call = sut.CallAsync(Queue, 1, Ct);

        Assert.Equal([1], Assert.Single(_sent).Calls);
        _sent.Single().Answer();
        Assert.Equal(10, await call);
    }

    [Fact]
    public async Task CallAsync_WhileOneIsUnderWay_TheRestGoTogetherInTheirOrder()
    {
        var sut = CreateSut();

        var calls = Enumerable.Range(1, 20).Select(i => sut.CallAsync(Queue, i, Ct)).ToList();
        var sent = await AnswerAllAsync(2);

        Assert.Equal([[1], [.. Enumerable.Range(2, 19)]], sent);
        Assert.Equal(Enumerable.Range(1, 20).Select(i => 10 * i), await Task.WhenAll(calls));
    }

    [Fact]
    public async Task CallAsync_OnAThreadThatMakesSharedCalls_AreSentTogetherWhenItHasMadeAll()
    {
        var sut = CreateSut();
        List<Task<int>> calls = [];
        var sentBefore = 0;

        SharedCalls.Make(() =>
        {
            for (var i = 1; i <= 3; i++) calls.Add(sut.CallAsync(Queue, i, Ct));
            SharedCalls.Make(() => calls.Add(sut.CallAsync(Queue, 4, Ct)));
            sentBefore = _sent.Count;
        });
        var sent = await AnswerAllAsync(1);

        Assert.Equal(0, sentBefore);
        Assert.Equal([1, 2, 3, 4], Assert.Single(sent));
        Assert.Equal(Enumerable.Range(1, 4).Select(i => 10 * i), await Task.WhenAll(calls));
    }

    [Fact]
    public async Task CallAsync_SharedCallsThatFailHalfWay_AreSent_AndLaterOnesAtOnce()
    {
        var sut = CreateSut();
        Task<int>? held = null;

        Assert.Throws<InvalidOperationException>(() => SharedCalls.Make(() =>
        {
            held = sut.CallAsync(Queue, 1, Ct);
            throw new InvalidOperationException("The second caller is broken.");
        }));
        _sent.Single().Answer();
        Assert.Equal(10, await held!);
        var next = sut.CallAsync(Queue, 2, Ct);

        Assert.Equal(2, _sent.Count);
        _sent.Last().Answer();
        Assert.Equal(20, await next);
    }

    [Fact]
    public async Task CallAsync_SharedCallWhileOneIsUnderWay_GoesWithTheNext()
    {
        var sut = CreateSut();
        var first = sut.CallAsync(Queue, 1, Ct);
        List<Task<int>> calls = [first];

        SharedCalls.Make(() =>
        {
            for (var i = 2; i <= 3; i++) calls.Add(sut.CallAsync(Queue, i, Ct));
        });
        var sent = await AnswerAllAsync(2);

        Assert.Equal([[1], [2, 3]], sent);
        Assert.Equal(Enumerable.Range(1, 3).Select(i => 10 * i), await Task.WhenAll(calls));
    }

    [Fact]
    public async Task CallAsync_MoreThanMayGoTogether_GoInSeveral()
    {
        var sut = CreateSut(mostCalls: 3);

        var calls = Enumerable.Range(1, 8).Select(i => sut.CallAsync(Queue, i, Ct)).ToList();
        var sent = await AnswerAllAsync(4);

        Assert.Equal([[1], [2, 3, 4], [5, 6, 7], [8]], sent);
        Assert.Equal(Enumerable.Range(1, 8).Select(i => 10 * i), await Task.WhenAll(calls));
    }

    [Fact]
    public async Task CallAsync_MoreBytesThanMayGoTogether_GoInSeveralAndALargeOneAlone()
    {
        var sut = CreateSut(mostBytes: 10);

        var calls = new[] { 1, 4, 6, 3, 20, 1, 9, 1 }.Select(i => sut.CallAsync(Queue, i, Ct)).ToList();
        var sent = await AnswerAllAsync(6);

        Assert.Equal([[1], [4, 6], [3], [20], [1, 9], [1]], sent);
        var results = await Task.WhenAll(calls);
        Assert.Equal([10, 40, 60, 30, 200, 10, 90, 10], results);
    }

    [Fact]
    public async Task CallAsync_SendFails_ItsOwnCallsFailAndOthersGoOn()
    {
        var sut = CreateSut(mostCalls: 2);

        var calls = Enumerable.Range(1, 5).Select(i => sut.CallAsync(Queue, i, Ct)).ToList();
        (await SentAsync(1)).Answer();
        (await SentAsync(2)).Fail(new QueueUnavailableException("away"));
        (await SentAsync(3)).Answer();

        Assert.Equal(10, await calls[0]);
        foreach (var failed in calls.Skip(1).Take(2)) await Assert.ThrowsAsync<QueueUnavailableException>(() => failed);
        Assert.Equal(40, await calls[3]);
        Assert.Equal(50, await calls[4]);
        var next = sut.CallAsync(Queue, 6, Ct);
        (await SentAsync(4)).Answer();
        Assert.Equal(60, await next);
    }

    [Fact]
    public async Task CallAsync_SendThrowsAtOnce_TheCallFailsAndTheNextGoes()
    {
        var first = true;
        var sut = new CallGatherer<int, int>(
            (_, calls) =>
            {
                if (!first) return Task.FromResult<IReadOnlyList<int>>([.. calls]);
                first = false;
                throw new QueueUnavailableException("away");
            },
            8, 8, _ => 1);

        await Assert.ThrowsAsync<QueueUnavailableException>(() => sut.CallAsync(Queue, 1, Ct));
        Assert.Equal(2, await sut.CallAsync(Queue, 2, Ct).WaitAsync(TimeSpan.FromSeconds(30), Ct));
    }

    [Fact]
    public async Task CallAsync_WaitIsCanceled_OthersAreNotDisturbed()
    {
        var sut = CreateSut();
        using var cancel = new CancellationTokenSource();

        var calls = Enumerable.Range(1, 4).Select(i => sut.CallAsync(Queue, i, i % 2 == 1 ? cancel.Token : Ct)).ToList();
        await cancel.CancelAsync();
        foreach (var canceled in new List<Task<int>> { calls[0], calls[2] })
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => canceled);
        var sent = await AnswerAllAsync(2);

        // The call is made nevertheless; only the wait has ended.
        Assert.Equal([[1], [2, 3, 4]], sent);
        Assert.Equal(20, await calls[1]);
        Assert.Equal(40, await calls[3]);
    }

    [Fact]
    public async Task CallAsync_ManyQueuesAndCallers_EachGetsItsOwnAndAQueueKeepsItsOrder()
    {
        var queues = Enumerable.Range(0, 40).Select(i => QueueName.ForModel($"q-{i}")).ToArray();
        var seen = queues.ToDictionary(queue => queue, _ => new List<int>());
        var largest = 0;
        var sut = new CallGatherer<int, (QueueName, int)>(
            async (queue, calls) =>
            {
                await Task.Yield();
                Assert.InRange(calls.Count, 1, 16);
                // A queue has one batch at a time, so no lock is needed here.
                seen[queue].AddRange(calls);
                largest = Math.Max(largest, calls.Count);
                return [.. calls.Select(call => (queue, call))];
            },
            16, 1_000_000, _ => 1);

        var callers = queues.Select(queue => Task.Run(
            async () =>
            {
                var calls = Enumerable.Range(0, 500).Select(i => sut.CallAsync(queue, i, Ct)).ToList();
                Assert.Equal(Enumerable.Range(0, 500).Select(i => (queue, i)), await Task.WhenAll(calls));
            },
            Ct));
        await Task.WhenAll(callers);

        Assert.All(queues, queue => Assert.Equal(Enumerable.Range(0, 500), seen[queue]));
        Assert.InRange(largest, 2, 16);
    }

    private sealed class Batch(IReadOnlyList<int> calls)
    {
        private readonly TaskCompletionSource<IReadOnlyList<int>> _reply = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public IReadOnlyList<int> Calls => calls;

        public Task<IReadOnlyList<int>> Reply => _reply.Task;

        public void Answer() => _reply.TrySetResult([.. calls.Select(call => 10 * call)]);

        public void Fail(Exception failure) => _reply.SetException(failure);
    }

    /// <summary>The batch of this number, once it has been sent.</summary>
    private async Task<Batch> SentAsync(int number)
    {
        await Poll.UntilAsync(() => _sent.Count >= number, $"batch {number} is sent");
        Assert.Equal(number, _sent.Count);
        return _sent.Last();
    }

    private async Task<int[][]> AnswerAllAsync(int batches)
    {
        for (var number = 1; number <= batches; number++) (await SentAsync(number)).Answer();
        return [.. _sent.Select(batch => batch.Calls.ToArray())];
    }

    private CallGatherer<int, int> CreateSut(int mostCalls = 100, int mostBytes = 1_000) => new(
        (queue, calls) =>
        {
            Assert.Equal(Queue, queue);
            var batch = new Batch([.. calls]);
            _sent.Enqueue(batch);
            return batch.Reply;
        },
        mostCalls,
        mostBytes,
        call => call);
}
