namespace AiPlatform.Jobs.Leasing;

/// <summary>
/// The command that a consumer receives. It is small on purpose: the job with its payload travels beside it, as the
/// <see cref="RunningJob"/> in the receive context's payloads.
/// </summary>
public sealed record RunJob
{
    /// <summary>The job's public id.</summary>
    public required string JobId { get; init; }

    /// <summary>1 for the first lease.</summary>
    public required int Attempt { get; init; }

    /// <summary>The route whose call is to be run, such as <c>/v1/embeddings</c>.</summary>
    public required string Endpoint { get; init; }
}
