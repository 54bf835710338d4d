using AiPlatform.Benchmarks.Processes;

namespace AiPlatform.Benchmarks.Embeddings;

/// <summary>The result of one run through HTTP.</summary>
internal sealed record EmbeddingsMeasurement
{
    public required LoadResult Load { get; init; }

    /// <summary>CPU time of the worker, or of the peer, which depends less on other load on the machine.</summary>
    public required double WorkerMillisecondsPerRow { get; init; }

    /// <summary>CPU time of Gateway and Redis; the peer has neither.</summary>
    public required double OthersMillisecondsPerRow { get; init; }
}
