using AiPlatform.Jobs.Redis;

namespace AiPlatform.Jobs.Answers;

/// <summary>Cached answers of providers, by tenant. Throws <see cref="QueueUnavailableException"/> when Redis does not serve.</summary>
public interface IAnswerStore
{
    /// <summary>Reads the answer to a request; null when none is cached.</summary>
    /// <param name="tenant">The tenant that asks.</param>
    /// <param name="fingerprint">The fingerprint of the request, in hex digits.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    Task<byte[]?> RecallAsync(string tenant, string fingerprint, CancellationToken cancellationToken);

    /// <summary>Keeps an answer for <paramref name="ttl"/>.</summary>
    Task RememberAsync(string tenant, string fingerprint, ReadOnlyMemory<byte> answer, TimeSpan ttl, CancellationToken cancellationToken);
}

internal sealed class AnswerStore(ScriptRunner scripts) : IAnswerStore
{
    public async Task<byte[]?> RecallAsync(string tenant, string fingerprint, CancellationToken cancellationToken)
    {
        var reply = await scripts.RunAsync(JobScript.Recall, RedisKeys.AnswersBase(tenant), [fingerprint], cancellationToken);
        return reply.IsNull ? null : (byte[]?)reply;
    }

    public Task RememberAsync(
        string tenant, string fingerprint, ReadOnlyMemory<byte> answer, TimeSpan ttl, CancellationToken cancellationToken) =>
        scripts.RunAsync(
            JobScript.Remember, RedisKeys.AnswersBase(tenant), [fingerprint, answer.ToArray(), ScriptArgument.Milliseconds(ttl)],
            cancellationToken);
}
