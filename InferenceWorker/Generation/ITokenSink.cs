using AiPlatform.InferenceWorker.Generation.Sampling;

namespace AiPlatform.InferenceWorker.Generation;

/// <summary>
/// Receives the tokens of one row. It is called on the engine's thread and must return at once, because all rows wait for it. An exception
/// from it ends only its own row, with an error.
/// </summary>
internal interface ITokenSink
{
    /// <summary>Called for each token of the text, except for one that ends it.</summary>
    /// <returns>Whether the row continues; false ends it with <see cref="GenerationFinish.Stop"/>.</returns>
    bool OnToken(in GeneratedToken token);

    /// <summary>
    /// Called when the step is over that gave the row a token, unless the row has ended with it: by now every row has its token.
    /// </summary>
    /// <param name="callbacks">Takes what is to be done on another thread when all rows have been told.</param>
    void OnStep(StepCallbacks callbacks)
    {
    }

    /// <summary>Called once, as the last call, when the row has ended.</summary>
    void OnEnd(in GenerationEnd end);
}

/// <summary>A token of a row. It is valid only until the next token.</summary>
/// <param name="id">The token.</param>
/// <param name="position">Its place in the text, from 0, counting also the tokens that were generated before the request.</param>
/// <param name="logProbability">Its log-probability by the model itself; 0 if it was not requested.</param>
/// <param name="top">The likeliest tokens, as many as were requested.</param>
/// <param name="isForced">
/// Whether it was not chosen, because nothing else could follow: then its log-probability is 0, and there are no likeliest tokens.
/// </param>
internal readonly ref struct GeneratedToken(
    int id, int position, float logProbability, ReadOnlySpan<TokenLogProbability> top, bool isForced = false)
{
    public int Id { get; } = id;

    public int Position { get; } = position;

    public float LogProbability { get; } = logProbability;

    public ReadOnlySpan<TokenLogProbability> Top { get; } = top;

    public bool IsForced { get; } = isForced;
}

/// <summary>Why a row has ended.</summary>
internal enum GenerationFinish
{
    /// <summary>The model or the sink has ended the text.</summary>
    Stop,

    /// <summary>The text has reached its maximum number of tokens.</summary>
    Length,

    /// <summary>Its cancellation token was canceled.</summary>
    Canceled,

    /// <summary>Its deadline has passed.</summary>
    Expired,

    /// <summary>The row failed; the message says why.</summary>
    Failed,

    /// <summary>The request's constraint cannot be followed, on any engine; the message says why.</summary>
    Refused,

    /// <summary>The engine stops, or its device is lost. Another engine may continue the row.</summary>
    Interrupted,
}

/// <summary>The end of a row.</summary>
internal readonly record struct GenerationEnd
{
    public required GenerationFinish Finish { get; init; }

    /// <summary>What went wrong, for messages; null when nothing did. It quotes no text.</summary>
    public string? Problem { get; init; }

    /// <summary>
    /// The token with which the model ended the text; null when the model did not end it, as where its constraint left nothing else.
    /// </summary>
    public int? EndToken { get; init; }

    public required int PromptTokens { get; init; }

    /// <summary>Tokens of the prompt that were not computed again, because an earlier row had them.</summary>
    public required int CachedTokens { get; init; }

    /// <summary>Tokens of the text, including those generated before the request, without <see cref="EndToken"/>.</summary>
    public required int GeneratedTokens { get; init; }
}
