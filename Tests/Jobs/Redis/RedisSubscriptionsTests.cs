using System.Collections.Concurrent;
using AiPlatform.Jobs;
using AiPlatform.Jobs.Redis;
using AiPlatform.Tests.Fixtures;
using StackExchange.Redis;
using Xunit;

namespace AiPlatform.Tests.Jobs.Redis;

public sealed class RedisSubscriptionsTests(RedisServer redis) : IClassFixture<RedisServer>
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    /// <summary>Messages that follow each other closely are handled one after another, as they were sent.</summary>
    [Fact]
    public async Task Listen_ManyMessages_HandlesOneAfterAnotherInTheirOrder()
    {
        var channel = new RedisChannel(RedisServer.Unique("ordered"), RedisChannel.PatternMode.Literal);
        var sut = new RedisSubscriptions(redis.Connection, TimeProvider.System);
        var (heard, inside, together) = (new ConcurrentQueue<int>(), 0, 0);
        var listening = new TaskCompletionSource();
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Ct);
        var loop = sut.ListenAsync(
            channel,
            (message, _) =>
            {
                if (Interlocked.Increment(ref inside) > 1) Interlocked.Increment(ref together);
                Thread.SpinWait(200);
                heard.Enqueue((int)message);
                Interlocked.Decrement(ref inside);
            },
            stop.Token,
            listening.SetResult);
        await listening.Task;

        for (var i = 0; i < 2_000; i++) await redis.Connection.GetSubscriber().PublishAsync(channel, i, CommandFlags.FireAndForget);
        await Poll.UntilAsync(() => heard.Count == 2_000, "all are heard");
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => loop);

        Assert.Equal(Enumerable.Range(0, 2_000), heard);
        Assert.Equal(0, together);
    }

    [Fact]
    public async Task Listen_RedisIsNotThere_IsAnOutage()
    {
        await using var nowhere = await ConnectionMultiplexer.ConnectAsync($"127.0.0.1:{FreePort.Next()},abortConnect=false,connectTimeout=200");
        var sut = new RedisSubscriptions(nowhere, TimeProvider.System);

        await Assert.ThrowsAsync<QueueUnavailableException>(
            () => sut.ListenAsync(new RedisChannel("x", RedisChannel.PatternMode.Literal), (_, _) => { }, Ct).WaitAsync(
                TimeSpan.FromSeconds(30), Ct));
    }
}
