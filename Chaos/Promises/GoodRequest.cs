namespace AiPlatform.Chaos.Promises;

/// <summary>How a request is sent.</summary>
internal enum CallKind
{
    /// <summary><c>POST /v1/jobs</c>.</summary>
    Job,

    /// <summary><c>POST /v1/embeddings</c> with <c>Prefer: respond-async</c>.</summary>
    RespondAsync,

    /// <summary><c>POST /v1/embeddings</c>.</summary>
    Synchronous,
}

/// <summary>A valid request and its correct answer.</summary>
internal sealed record GoodRequest
{
    /// <summary>Its name, which its body contains.</summary>
    public required string Name { get; init; }

    public required CallKind Kind { get; init; }

    public required byte[] Body { get; init; }

    /// <summary>Its idempotency key, if it has one.</summary>
    public string? Key { get; init; }

    /// <summary>Whether its sender repeats it although it was answered.</summary>
    public bool ComesTwice { get; init; }

    /// <summary>A vector for each input.</summary>
    public required IReadOnlyList<float[]> Vectors { get; init; }
}
