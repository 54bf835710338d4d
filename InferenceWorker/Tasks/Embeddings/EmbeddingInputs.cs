using AiPlatform.InferenceWorker.Encoders;
using AiPlatform.InferenceWorker.Models;
using AiPlatform.InferenceWorker.Text;
using AiPlatform.Jobs;
using AiPlatform.Jobs.Tasks.Embeddings;

namespace AiPlatform.InferenceWorker.Tasks.Embeddings;

/// <summary>Turns the inputs of a request into rows of token ids, within the limits of the model and of a request.</summary>
internal static class EmbeddingInputs
{
    /// <returns>
    /// A row for each input, special tokens included, and the number of all tokens; or the error of the first input that cannot be
    /// accepted.
    /// </returns>
    public static (int[][]? Rows, int Tokens, InferenceError? Error) Tokenize(
        EmbeddingCall call, EmbeddingContent content, EmbeddingManifest manifest, ITokenizer tokenizer, CancellationToken cancellationToken)
    {
        var rows = new int[call.Rows][];
        var total = 0L;
        var stopAbove = call.Truncate ? manifest.MaxTokens : TokenCount.StopAbove(manifest.MaxTokens);
        for (var i = 0; i < rows.Length; i++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (content.TokenArrays.Count > 0
                && IModelTokens.CheckIds(call.NameOf(i), content.TokenArrays[i], tokenizer.VocabularySize, manifest.Name) is { } outside)
            {
                return (null, 0, outside);
            }

            var ids = content.Texts.Count > 0
                ? tokenizer.Encode(content.Texts[i], stopAbove: stopAbove)
                : tokenizer.AddSpecialTokens(content.TokenArrays[i]);
            if (ids.Length > manifest.MaxTokens)
            {
                if (!call.Truncate) return (null, 0, TextLimits.TooLong(call.NameOf(i), ids.Length, manifest));
                ids = tokenizer.Truncate(ids, manifest.MaxTokens);
            }

            rows[i] = ids;
            total += ids.Length;
            if (total > TextLimits.MaxTotalTokens) return (null, 0, TextLimits.TooMany());
        }

        return (rows, (int)total, null);
    }
}
