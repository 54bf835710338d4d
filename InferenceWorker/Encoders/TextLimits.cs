using AiPlatform.Jobs;

namespace AiPlatform.InferenceWorker.Encoders;

/// <summary>The limits of a request's texts in every task with an encoder.</summary>
internal static class TextLimits
{
    /// <summary>Most tokens of all inputs of one request.</summary>
    public const int MaxTotalTokens = 300_000;

    public static InferenceError TooLong(string input, int tokens, EncoderManifest manifest) => new()
    {
        Kind = InferenceErrorKind.ContextLengthExceeded,
        Message =
            $"'{input}' has {tokens} tokens; '{manifest.Name}' takes at most {manifest.MaxTokens}. Shorten it, or set 'truncate' "
            + "to true to have it cut.",
        Param = input,
    };

    public static InferenceError TooMany(long total) => new()
    {
        Kind = InferenceErrorKind.InvalidRequest,
        Message = $"The inputs have {total} tokens together; a request takes at most {MaxTotalTokens}. Send them in several requests.",
        Param = "input",
    };
}
