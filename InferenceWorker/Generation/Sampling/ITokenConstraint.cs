namespace AiPlatform.InferenceWorker.Generation.Sampling;

/// <summary>
/// Decides before each token of a row which tokens are allowed. It is called on the engine's thread, one call at a time, and must return at
/// once. An exception from it ends only its own row, with an error; a <see cref="TokenConstraintException"/> says that the request is at
/// fault.
/// </summary>
internal interface ITokenConstraint
{
    /// <summary>
    /// The tokens that are allowed now: bit <c>i % 64</c> of word <c>i / 64</c> is token <c>i</c>; a missing word allows nothing. An empty
    /// mask allows all tokens. Tokens that end the text are included if the text may end here.
    /// </summary>
    ReadOnlySpan<ulong> Mask { get; }

    /// <summary>Whether nothing can follow but the end: then the row ends without another run.</summary>
    bool IsComplete => false;

    /// <summary>
    /// Tokens that must follow, whatever the model thinks. They are not chosen, but added to the text, and accepted one by one.
    /// </summary>
    ReadOnlySpan<int> Forced => [];

    /// <summary>Called for each token of the text, except for one that ends it.</summary>
    void Accept(int token);

    /// <summary>
    /// Called when a step is over and the row has not ended. From here on another thread can compute the next mask, beside the model's run.
    /// </summary>
    void Prepare()
    {
    }
}

/// <summary>A row's constraint cannot be followed; the message says why, for whoever sent it.</summary>
internal sealed class TokenConstraintException(string message) : Exception(message);
