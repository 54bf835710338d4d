using AiPlatform.InferenceWorker.Generation.Sampling;

namespace AiPlatform.InferenceWorker.Generation;

/// <summary>
/// Takes the tokens of one row. It is called on the engine's thread, on which all rows wait for it: it must return at once. What it throws
/// ends its row with an error, and no other.
/// </summary>
internal interface ITokenSink
{
    /// <summary>A token was generated. The one that ends the text is not told here, unless the row goes on behind it.</summary>
    /// <returns>Whether the row goes on; false ends it with <see cref="GenerationFinish.Stop"/>.</returns>
    bool OnToken(in GeneratedToken token);

    /// <summary>The row has ended; called once, as the last.</summary>
    void OnEnd(in GenerationEnd end);
}

/// <summary>A token of a row. What it refers to changes with the next one.</summary>
/// <param name="id">The token.</param>
/// <param name="position">Its place in the text, from 0 on, with what was generated before the request.</param>
/// <param name="logProbability">Of the model's own; 0 where it was not asked for.</param>
/// <param name="top">The likeliest tokens, as many as were asked for.</param>
internal readonly ref struct GeneratedToken(int id, int position, float logProbability, ReadOnlySpan<TokenLogProbability> top)
{
    public int Id { get; } = id;

    public int Position { get; } = position;

    public float LogProbability { get; } = logProbability;

    public ReadOnlySpan<TokenLogProbability> Top { get; } = top;
}

/// <summary>Why a row has ended.</summary>
internal enum GenerationFinish
{
    /// <summary>The model has ended the text, or the sink.</summary>
    Stop,

    /// <summary>It has as many tokens as were asked for.</summary>
    Length,

    /// <summary>Its cancellation token said so.</summary>
    Canceled,

    /// <summary>Its deadline has passed.</summary>
    Expired,

    /// <summary>The row could not go on; the message says why.</summary>
    Failed,

    /// <summary>The engine stops, or its device is lost: another engine may go on where this one was.</summary>
    Interrupted,
}

/// <summary>What there is to say of a row in the end.</summary>
internal readonly record struct GenerationEnd
{
    public required GenerationFinish Finish { get; init; }

    /// <summary>What went wrong, for people; null when nothing did. It quotes no text.</summary>
    public string? Problem { get; init; }

    /// <summary>The token with which the model ended the text; null when it did not.</summary>
    public int? EndToken { get; init; }

    public required int PromptTokens { get; init; }

    /// <summary>Those of the prompt that need not be computed, because a row before had them.</summary>
    public required int CachedTokens { get; init; }

    /// <summary>Tokens of the text, with what was generated before the request, without <see cref="EndToken"/>.</summary>
    public required int GeneratedTokens { get; init; }
}
