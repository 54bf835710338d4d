namespace AiPlatform.InferenceWorker.Generation.Sampling;

/// <summary>
/// Says before each token of a row which ones may come. It is called on the engine's thread, one call at a time, and must return at once;
/// what it throws ends its row with an error, and no other.
/// </summary>
internal interface ITokenConstraint
{
    /// <summary>
    /// The tokens that may come now: bit <c>i % 64</c> of word <c>i / 64</c> is token <c>i</c>; a word that is missing allows nothing.
    /// Empty allows all. Tokens that end the text are among them when it may end here.
    /// </summary>
    ReadOnlySpan<ulong> Mask { get; }

    /// <summary>A token was chosen. The one that ends the text is not told.</summary>
    void Accept(int token);
}
