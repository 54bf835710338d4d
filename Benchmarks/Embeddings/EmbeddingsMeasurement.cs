using AiPlatform.Benchmarks.Processes;

namespace AiPlatform.Benchmarks.Embeddings;

/// <summary>What one run through HTTP gave.</summary>
internal sealed record EmbeddingsMeasurement
{
    public required LoadResult Load { get; init; }

    /// <summary>CPU time of the worker; less sensitive to who else uses the machine.</summary>
    public required double WorkerMillisecondsPerRow { get; init; }

    /// <summary>CPU time of Gateway and Redis.</summary>
    public required double OthersMillisecondsPerRow { get; init; }
}
