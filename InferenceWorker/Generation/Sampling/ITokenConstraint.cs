namespace AiPlatform.InferenceWorker.Generation.Sampling;

/// <summary>
/// Decides before each token of a row which tokens are allowed. It is called on the engine's thread, one call at a time, and must return at
/// once. An exception from it ends only its own row, with an error.
/// </summary>
internal interface ITokenConstraint
{
    /// <summary>
    /// The tokens that are allowed now: bit <c>i % 64</c> of word <c>i / 64</c> is token <c>i</c>; a missing word allows nothing. An empty
    /// mask allows all tokens. Tokens that end the text are included if the text may end here.
    /// </summary>
    ReadOnlySpan<ulong> Mask { get; }

    /// <summary>Called for each chosen token, except for one that ends the text.</summary>
    void Accept(int token);
}
