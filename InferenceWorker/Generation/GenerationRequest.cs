using AiPlatform.InferenceWorker.Generation.Sampling;

namespace AiPlatform.InferenceWorker.Generation;

/// <summary>A text to be generated, in tokens. Several choices are several requests.</summary>
internal sealed record GenerationRequest
{
    /// <summary>The prompt, at least one token.</summary>
    public required ReadOnlyMemory<int> Prompt { get; init; }

    /// <summary>
    /// What was generated already, by an engine that ended before the text did: this one goes on behind it, with the draws that would
    /// have come next. A constraint has accepted these already.
    /// </summary>
    public ReadOnlyMemory<int> Generated { get; init; }

    /// <summary>Most tokens of the text, those of <see cref="Generated"/> included; 1 or more.</summary>
    public required int MaxNewTokens { get; init; }

    public SamplingSettings Sampling { get; init; } = new();

    /// <summary>
    /// Whose rows may be used again for it: those of requests with the same scope, which is the tenant's name. How soon a text begins says
    /// whether its prompt is known. Null uses and keeps none.
    /// </summary>
    public string? PrefixScope { get; init; }

    public ITokenConstraint? Constraint { get; init; }

    /// <summary>When nobody wants the text any more; null is never.</summary>
    public DateTimeOffset? Deadline { get; init; }

    /// <summary>Ends the row with <see cref="GenerationFinish.Canceled"/>, before its next token but one.</summary>
    public CancellationToken CancellationToken { get; init; }
}
