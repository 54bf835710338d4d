using System.Net.Sockets;
using System.Threading.Channels;
using AiPlatform.ServiceDefaults.Redis;
using Polly.Timeout;
using StackExchange.Redis;

namespace AiPlatform.Jobs.Redis;

/// <summary>
/// The one place that knows what the Redis client throws when Redis does not serve (it cannot be reached, is silent, full, read-only, fails
/// over, moves its slots, does not know a command). It turns these exceptions into messages that say what to do.
/// </summary>
internal static class RedisRefusals
{
    /// <summary>Most characters of Redis' own text in a message.</summary>
    private const int MostRepeated = 300;

    /// <summary>Translates an exception of the Redis client for its caller.</summary>
    /// <param name="thrown">What the client threw.</param>
    /// <param name="what">What was called, such as <c>the script 'lease'</c>.</param>
    /// <param name="cancellationToken">The caller's.</param>
    /// <returns>Null when the caller has canceled, or when the exception is a bug.</returns>
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

    /// <summary>The outage when something was not found on a server that refuses writes, and no other server could be asked.</summary>
    public static QueueUnavailableException Doubt(QueueUnavailableException refused) =>
        new($"What was not found may be there all the same. {refused.Message}", refused) { RefusesWrites = refused.RefusesWrites };

    /// <summary>Translates an error that Redis itself answered.</summary>
    private static QueueUnavailableException Refused(RedisServerException refused, string what)
    {
        if (RedisWords.Explain(refused.Message) is var (reason, refusesWrites))
            return new QueueUnavailableException(Short(reason), refused) { RefusesWrites = refusesWrites };

        // Any other error concerns only the data of this call; other calls may be served.
        return refused.Message.Split(' ', 2)[0] switch
        {
            "NEWER" => new QueueUnavailableException(NewerRecordException.Explanation, refused) { IsPartial = true },
            "BROKEN" => new QueueUnavailableException(DamagedRecord.Explanation, refused) { IsPartial = true, IsDamaged = true },
            _ => new QueueUnavailableException($"Redis fails on {what}: {Short(refused.Message)}", refused) { IsPartial = true },
        };
    }

    private static string Short(string message) => message.Length <= MostRepeated ? message : message[..MostRepeated] + "…";
}
