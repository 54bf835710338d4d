namespace AiPlatform.ServiceDefaults.Redis;

/// <summary>Explains errors of a Redis that runs but does not serve, and says what to do.</summary>
public static class RedisWords
{
    public const string CannotBeReached = "Redis cannot be reached.";

    public const string NoPrimary =
        "No Redis server takes writes now. This ends by itself while a replica becomes the primary; else ConnectionStrings:redis names "
        + "no primary.";

    /// <param name="message">An error that Redis answered.</param>
    /// <returns>The meaning, and whether Redis refuses only writes; null when the error concerns only the command itself.</returns>
    public static (string Reason, bool RefusesWrites)? Explain(string message) => message.Split(' ', 2)[0] switch
    {
        "OOM" => ("Redis is full: it accepts no new jobs until results expire or maxmemory is raised.", true),
        "READONLY" => ("This Redis is a read-only replica: connect to the primary.", true),
        "MISCONF" => ("Redis refuses writes because it cannot save to disk: look at its log and its disk.", true),
        "NOREPLICAS" =>
            ("Redis refuses writes because too few replicas follow it: look at its replicas, and at min-replicas-to-write.", true),
        "LOADING" => ("Redis is loading its data; it will serve in a moment.", false),
        "BUSY" => ("Redis is busy with another script.", false),
        "MASTERDOWN" or "CLUSTERDOWN" or "TRYAGAIN" or "MOVED" or "ASK" => ("The Redis cluster is not ready: " + message, false),
        "NOAUTH" or "WRONGPASS" or "NOPERM" =>
            ("Redis refuses this user: check the password and permissions in ConnectionStrings:redis.", false),
        _ => null,
    };
}
