namespace AiPlatform.Jobs.Store;

/// <summary>What Redis says when it runs but does not serve, in words that tell what to do.</summary>
internal static class RedisRefusals
{
    /// <returns>The reason, or null when the message is another kind of error (then it is a bug).</returns>
    public static string? Explain(string message) => message.Split(' ', 2)[0] switch
    {
        "OOM" => "Redis is full: it takes no new jobs until results expire or maxmemory is raised.",
        "READONLY" => "This Redis is a read-only replica: connect to the primary.",
        "MISCONF" => "Redis refuses writes because it cannot save to disk: look at its log and its disk.",
        "LOADING" => "Redis is loading its data; it will serve in a moment.",
        "BUSY" => "Redis is busy with another script.",
        "MASTERDOWN" or "CLUSTERDOWN" or "TRYAGAIN" or "NOREPLICAS" => "The Redis cluster is not ready: " + message,
        "NOAUTH" or "WRONGPASS" or "NOPERM" => "Redis refuses this user: check the password and permissions in ConnectionStrings:redis.",
        "NEWER" => NewerRecordException.Explanation,
        _ => null,
    };
}
