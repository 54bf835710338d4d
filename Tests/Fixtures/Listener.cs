using System.Collections.Concurrent;
using StackExchange.Redis;

namespace AiPlatform.Tests.Fixtures;

/// <summary>Collects the messages of a channel.</summary>
internal sealed class Listener
{
    private readonly ConcurrentQueue<string> _heard = [];
    private readonly RedisServer _redis;
    private readonly RedisChannel _channel;

    private Listener(RedisServer redis, RedisChannel channel)
    {
        _redis = redis;
        _channel = channel;
    }

    public static async Task<Listener> OnAsync(RedisServer redis, RedisChannel channel)
    {
        var listener = new Listener(redis, channel);
        // A queue keeps the messages in order, because a handler may run for two of them at once.
        var messages = await redis.Connection.GetSubscriber().SubscribeAsync(channel);
        messages.OnMessage(one => listener._heard.Enqueue(one.Message!));
        return listener;
    }

    /// <summary>Every message that was published before this call.</summary>
    public async Task<IReadOnlyList<string>> MessagesAsync()
    {
        var mark = $"mark {Guid.NewGuid():n}";
        await _redis.Connection.GetSubscriber().PublishAsync(_channel, mark);
        await Poll.UntilAsync(() => _heard.Contains(mark), "what was published is heard");
        return [.. _heard.Where(message => !message.StartsWith("mark ", StringComparison.Ordinal))];
    }
}
