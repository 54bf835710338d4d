using System.Net.Sockets;
using System.Threading.Channels;
using AiPlatform.ServiceDefaults.Redis;
using Polly.Timeout;
using StackExchange.Redis;

namespace AiPlatform.Jobs.Redis;

/// <summary>
/// The one place that knows what the Redis client throws when Redis does not serve (it cannot be reached, is silent, full, read-only, fails
/// over, moves its slots, does not know what it is asked), and says it in words that tell what to do.
/// </summary>
internal static class RedisRefusals
{
    /// <summary>Longest text of Redis that is repeated.</summary>
    private const int MostRepeated = 300;

    /// <summary>What an exception of the Redis client means for its caller.</summary>
    /// <param name="thrown">What the client threw.</param>
    /// <param name="what">What was asked for, such as <c>the script 'lease'</c>.</param>
    /// <param name="cancellationToken">The caller's.</param>
    /// <returns>Null when the caller gave up, or when it is a bug of ours.</returns>
    public static QueueUnavailableException? Of(Exception thrown, string what, CancellationToken cancellationToken) => thrown switch
    {
        QueueUnavailableException known => known,
        TimeoutRejectedException late =>
            new QueueUnavailableException($"Redis did not answer {what} within {late.Timeout.TotalSeconds:0.#} s.", late),
        RedisServerException refused => Refused(refused, what),
        RedisCommandException refused => new QueueUnavailableException(RedisWords.NoPrimary, refused) { RefusesWrites = true },
        RedisException or SocketException or IOException => new QueueUnavailableException(RedisWords.CannotBeReached, thrown),
        TimeoutException late => new QueueUnavailableException($"Redis did not answer {what} in time.", late),
        ObjectDisposedException or ChannelClosedException => new QueueUnavailableException("The connection to Redis was closed.", thrown),
        OperationCanceledException when !cancellationToken.IsCancellationRequested =>
            new QueueUnavailableException(RedisWords.CannotBeReached, thrown),
        _ => null,
    };

    /// <summary>What Redis itself answered.</summary>
    private static QueueUnavailableException Refused(RedisServerException refused, string what)
    {
        if (RedisWords.Explain(refused.Message) is var (reason, refusesWrites))
            return new QueueUnavailableException(Short(reason), refused) { RefusesWrites = refusesWrites };

        // Whatever else it is concerns what this call is about: others may be served.
        return refused.Message.Split(' ', 2)[0] switch
        {
            "NEWER" => new QueueUnavailableException(NewerRecordException.Explanation, refused) { IsPartial = true },
            "BROKEN" => new QueueUnavailableException(DamagedRecord.Explanation, refused) { IsPartial = true, IsDamaged = true },
            _ => new QueueUnavailableException($"Redis fails on {what}: {Short(refused.Message)}", refused) { IsPartial = true },
        };
    }

    private static string Short(string message) => message.Length <= MostRepeated ? message : message[..MostRepeated] + "…";
}
