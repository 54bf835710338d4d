using AiPlatform.InferenceWorker.Text;
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
            $"'{input}' has {TokenCount.Of(tokens, manifest.MaxTokens)} tokens; '{manifest.Name}' takes at most {manifest.MaxTokens}. "
            + "Shorten it, or set 'truncate' to true to have it cut.",
        Param = input,
    };

    public static InferenceError TooMany() => new()
    {
        Kind = InferenceErrorKind.InvalidRequest,
        Message = $"The inputs have more than {MaxTotalTokens} tokens together: send them in several requests.",
        Param = "input",
    };
}
