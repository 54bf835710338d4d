using AiPlatform.InferenceWorker.Models;
using AiPlatform.InferenceWorker.Text;
using AiPlatform.Jobs;
using AiPlatform.Jobs.Payloads;

namespace AiPlatform.InferenceWorker.Consumers;

/// <summary>Turns the inputs of a request into rows of token ids, within the limits of the model and of a request.</summary>
internal static class EmbeddingInputs
{
    /// <summary>Most tokens of all inputs of one request.</summary>
    public const int MaxTotalTokens = 300_000;

    /// <returns>
    /// A row for each input, special tokens included, and their tokens together; or what is wrong with the first input that cannot
    /// be taken.
    /// </returns>
    public static (int[][]? Rows, int Tokens, InferenceError? Error) Tokenize(
        EmbeddingCall call, EmbeddingContent content, LoadedModel model, CancellationToken cancellationToken)
    {
        var rows = new int[call.Rows][];
        var total = 0L;
        for (var i = 0; i < rows.Length; i++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (CheckTokenIds(call, content, i, model.Tokenizer) is { } outside) return (null, 0, outside);

            var ids = content.Texts.Count > 0
                ? model.Tokenizer.Encode(content.Texts[i])
                : model.Tokenizer.AddSpecialTokens(content.TokenArrays[i]);
            if (ids.Length > model.Manifest.MaxTokens)
            {
                if (!call.Truncate) return (null, 0, TooLong(call.NameOf(i), ids.Length, model.Manifest));
                ids = model.Tokenizer.Truncate(ids, model.Manifest.MaxTokens);
            }

            rows[i] = ids;
            total += ids.Length;
        }

        return total <= MaxTotalTokens ? (rows, (int)total, null) : (null, 0, TooMany(total));
    }

    private static InferenceError? CheckTokenIds(EmbeddingCall call, EmbeddingContent content, int index, ITokenizer tokenizer)
    {
        if (content.TokenArrays.Count == 0) return null;

        var ids = content.TokenArrays[index];
        var position = Array.FindIndex(ids, id => id < 0 || id >= tokenizer.VocabularySize);
        return position < 0 ? null : new InferenceError
        {
            Kind = InferenceErrorKind.InvalidRequest,
            Message =
                $"'{call.NameOf(index)}[{position}]' is {ids[position]}; the model's token ids are 0 to "
                + $"{tokenizer.VocabularySize - 1}. Ids of another model's tokenizer mean nothing to it: send text, and let the "
                + $"model cut it.",
            Param = $"{call.NameOf(index)}[{position}]",
        };
    }

    private static InferenceError TooLong(string input, int tokens, ModelManifest manifest) => new()
    {
        Kind = InferenceErrorKind.ContextLengthExceeded,
        Message =
            $"'{input}' has {tokens} tokens; '{manifest.Name}' takes at most {manifest.MaxTokens}. Shorten it, or set 'truncate' "
            + "to true to have it cut.",
        Param = input,
    };

    private static InferenceError TooMany(long total) => new()
    {
        Kind = InferenceErrorKind.InvalidRequest,
        Message = $"The inputs have {total} tokens together; a request takes at most {MaxTotalTokens}. Send them in several requests.",
        Param = "input",
    };
}
