using System.Net.Sockets;
using System.Threading.Channels;
using AiPlatform.Jobs.Redis;
using Polly.Timeout;
using StackExchange.Redis;
using Xunit;

namespace AiPlatform.Tests.Jobs.Redis;

/// <summary>Every exception of the client when Redis does not serve becomes one exception, whose message says what to do.</summary>
public sealed class RedisRefusalsTests
{
#pragma warning disable CS0618 // The other constructors want what only the client knows
    public static TheoryData<Exception, string, bool, bool> Thrown => new()
    {
        { new RedisConnectionException(ConnectionFailureType.SocketClosed, "gone"), "cannot be reached", false, false },
        { new RedisTimeoutException("late", CommandStatus.Sent), "did not answer", false, false },
        { new TimeoutRejectedException(TimeSpan.FromSeconds(3)), "within 3 s", false, false },
        { new TimeoutException(), "did not answer", false, false },
        { new RedisCommandException("Command cannot be issued to a replica: EVALSHA"), "No Redis server takes writes", false, true },
        { new RedisException("something"), "cannot be reached", false, false },
        { new ObjectDisposedException("multiplexer"), "was closed", false, false },
        { new ChannelClosedException(), "was closed", false, false },
        { new TaskCanceledException(), "cannot be reached", false, false },
        { new SocketException(), "cannot be reached", false, false },
        { new IOException(), "cannot be reached", false, false },
        { new RedisServerException("OOM command not allowed when used memory > 'maxmemory'."), "Redis is full", false, true },
        { new RedisServerException("READONLY You can't write against a read only replica."), "read-only replica", false, true },
        { new RedisServerException("MISCONF Redis is configured to save"), "save to disk", false, true },
        { new RedisServerException("NOREPLICAS Not enough good replicas to write."), "too few replicas", false, true },
        { new RedisServerException("LOADING Redis is loading the dataset in memory"), "loading", false, false },
        { new RedisServerException("BUSY Redis is busy running a script."), "busy", false, false },
        { new RedisServerException("MASTERDOWN Link with MASTER is down"), "not ready", false, false },
        { new RedisServerException("CLUSTERDOWN The cluster is down"), "not ready", false, false },
        { new RedisServerException("TRYAGAIN Multiple keys request during rehashing of slot"), "not ready", false, false },
        { new RedisServerException("MOVED 1 127.0.0.1:1"), "not ready", false, false },
        { new RedisServerException("ASK 1 127.0.0.1:1"), "not ready", false, false },
        { new RedisServerException("NOPERM this user has no permissions"), "password and permissions", false, false },
        { new RedisServerException("WRONGTYPE Operation against a key"), "WRONGTYPE", true, false },
        { new RedisServerException("ERR " + new string('x', 5_000)), "Redis fails on it: ERR x", true, false },
        { new RedisServerException(""), "Redis fails on it", true, false },
    };
#pragma warning restore CS0618

    [Theory]
    [MemberData(nameof(Thrown))]
    public void Of_WhatTheClientThrows_IsAnOutage(Exception thrown, string words, bool isPartial, bool refusesWrites)
    {
        var outage = RedisRefusals.Of(thrown, "it", CancellationToken.None);

        Assert.NotNull(outage);
        Assert.Contains(words, outage.Message, StringComparison.Ordinal);
        Assert.InRange(outage.Message.Length, 1, 400);
        Assert.Equal((isPartial, refusesWrites), (outage.IsPartial, outage.RefusesWrites));
    }

    [Fact]
    public void Of_TheCallersOwnEndOrABug_IsNone()
    {
        Assert.Null(RedisRefusals.Of(new OperationCanceledException(), "it", new CancellationToken(canceled: true)));
        Assert.Null(RedisRefusals.Of(new InvalidOperationException(), "it", CancellationToken.None));
    }
}
