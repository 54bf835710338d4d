namespace AiPlatform.Jobs.Answers;

/// <summary>
/// Answers that are kept for a while, by tenant. Throws <see cref="QueueUnavailableException"/> when Redis does not serve.
/// </summary>
public interface IAnswerStore
{
    /// <summary>The answer to a request; null when none is kept.</summary>
    /// <param name="tenant">Who asks.</param>
    /// <param name="fingerprint">What is asked, as hex digits.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    Task<byte[]?> RecallAsync(string tenant, string fingerprint, CancellationToken cancellationToken);

    /// <summary>Keeps an answer for <paramref name="ttl"/>.</summary>
    Task RememberAsync(string tenant, string fingerprint, ReadOnlyMemory<byte> answer, TimeSpan ttl, CancellationToken cancellationToken);
}
