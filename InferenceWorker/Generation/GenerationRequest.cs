using AiPlatform.InferenceWorker.Generation.Sampling;

namespace AiPlatform.InferenceWorker.Generation;

/// <summary>A request to generate a text, in tokens. Each choice is a request of its own.</summary>
internal sealed record GenerationRequest
{
    /// <summary>The prompt, at least one token.</summary>
    public required ReadOnlyMemory<int> Prompt { get; init; }

    /// <summary>
    /// The tokens that an earlier engine generated before it ended. This engine continues after them, with the same draws that would have
    /// come next. A constraint has accepted these tokens already.
    /// </summary>
    public ReadOnlyMemory<int> Generated { get; init; }

    /// <summary>Most tokens of the text, including those of <see cref="Generated"/>; 1 or more.</summary>
    public required int MaxNewTokens { get; init; }

    public SamplingSettings Sampling { get; init; } = new();

    /// <summary>
    /// The scope of the prefix cache, which is the tenant's name: only rows with the same scope are used again, because the time to the
    /// first token shows whether a prompt is cached. Null neither uses nor keeps rows.
    /// </summary>
    public string? PrefixScope { get; init; }

    public ITokenConstraint? Constraint { get; init; }

    /// <summary>When the text is no longer wanted; null means never.</summary>
    public DateTimeOffset? Deadline { get; init; }

    /// <summary>Ends the row with <see cref="GenerationFinish.Canceled"/>, after at most two more chosen tokens.</summary>
    public CancellationToken CancellationToken { get; init; }
}
