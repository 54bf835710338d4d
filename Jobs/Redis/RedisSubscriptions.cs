using StackExchange.Redis;

namespace AiPlatform.Jobs.Redis;

/// <summary>
/// Listens on Redis channels. A message is a notification, never the truth: messages are lost while the connection is down, so every
/// listener also polls at a low rate.
/// </summary>
public sealed class RedisSubscriptions(IConnectionMultiplexer redis, TimeProvider time)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    /// <summary>Listens until it is canceled; the client renews the subscription after an outage.</summary>
    /// <param name="channel">The channel.</param>
    /// <param name="handle">
    /// Called for each message in the order in which Redis sent them, with a flag that says whether others wait behind it. It must not
    /// block, and must accept any message, because anybody may publish.
    /// </param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <param name="listening">Called when the subscription is active.</param>
    /// <exception cref="QueueUnavailableException">The subscription could not be made, or the client has closed it.</exception>
    public async Task ListenAsync(
        RedisChannel channel, Action<RedisValue, bool> handle, CancellationToken cancellationToken, Action? listening = null)
    {
        var messages = await OrUnavailableAsync(
            redis.GetSubscriber().SubscribeAsync(channel).WaitAsync(Patience, time, cancellationToken), channel, cancellationToken);
        try
        {
            listening?.Invoke();
            while (true)
            {
                var message = await OrUnavailableAsync(messages.ReadAsync(cancellationToken).AsTask(), channel, cancellationToken);
                handle(message.Message, messages.TryGetCount(out var waiting) && waiting > 0);
            }
        }
        finally
        {
            messages.Unsubscribe(CommandFlags.FireAndForget);
        }
    }

    private static async Task<T> OrUnavailableAsync<T>(Task<T> task, RedisChannel channel, CancellationToken cancellationToken)
    {
        try
        {
            return await task;
        }
        catch (Exception thrown) when (RedisRefusals.Of(thrown, $"the subscription of {channel}", cancellationToken) is { } away)
        {
            throw away;
        }
    }
}
