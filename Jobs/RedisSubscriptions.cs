using AiPlatform.Jobs.Telemetry;
using Microsoft.Extensions.Logging;
using StackExchange.Redis;

namespace AiPlatform.Jobs;

/// <summary>
/// Listens on Redis channels. A message is a wake-up, never the truth: while the connection is away messages are lost, and who
/// listens also looks by itself at a low rate.
/// </summary>
public sealed class RedisSubscriptions(IConnectionMultiplexer redis, TimeProvider time, ILogger<RedisSubscriptions> logger)
{
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    /// <summary>
    /// Subscribes, also when Redis can only be reached later; the client renews the subscription after an outage. Returns when
    /// it stands. <paramref name="handle"/> is called for one message after another and must not block.
    /// </summary>
    public async Task ListenAsync(RedisChannel channel, Action<RedisValue> handle, CancellationToken cancellationToken)
    {
        while (true)
        {
            try
            {
                await redis.GetSubscriber().SubscribeAsync(channel, (_, message) => handle(message)).WaitAsync(Patience, time, cancellationToken);
                return;
            }
            catch (Exception unreachable) when (unreachable is RedisException or TimeoutException)
            {
                Log.SubscribeFailed(logger, channel.ToString(), unreachable.Message);
                await Task.Delay(Pause, time, cancellationToken);
            }
        }
    }
}
