using StackExchange.Redis;

namespace AiPlatform.Jobs.Store;

/// <summary>What keeps a queue from serving while Redis does: a key that holds something else than it should.</summary>
internal static class QueueProblem
{
    /// <summary>Where a queue's state, as the script tells it, ends and its problems begin.</summary>
    private static readonly int FirstWord = 7 + (2 * Enum.GetValues<Lane>().Length);

    /// <param name="state">The reply of the script that reads how a queue is.</param>
    /// <returns>Every key that holds something else than it should, and what to do; null when there is none.</returns>
    public static string? In(RedisResult[] state) => state.Length < FirstWord + 3
        ? null
        : string.Join(
            " ", state[FirstWord..].Chunk(3).Select(
                key => $"The key {key[0]} in Redis holds a {key[1]} where a {key[2]} belongs: rename it out of the way."));
}
