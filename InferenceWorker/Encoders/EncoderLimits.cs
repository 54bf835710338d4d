using System.Text.Json;
using AiPlatform.InferenceWorker.Files;

namespace AiPlatform.InferenceWorker.Encoders;

/// <summary>The limits of an encoder whose manifest does not say them.</summary>
internal static class EncoderLimits
{
    public const int UsualBatchRows = 32;

    private const int UsualBatchTokens = 8_192;

    /// <summary>Families whose first positions are taken by padding, so that a text has fewer than they say.</summary>
    private static readonly string[] ShiftedPositions = ["roberta", "xlm-roberta", "camembert", "mpnet"];

    /// <summary>A batch has room for at least one input.</summary>
    public static long BatchTokensFor(long maxTokens) => Math.Max(UsualBatchTokens, maxTokens);

    /// <summary>The least of the limits that the files say; null when none says one.</summary>
    /// <exception cref="ModelProblemException">A limit is no number, or the only one is none that a model can have.</exception>
    public static (long? Tokens, string Origin) TokensOf(HubFolder folder)
    {
        (long? Tokens, string Origin) least = (null, "");
        Consider(folder.SentenceConfig?.Optional("max_seq_length"), "sentence_bert_config.json");
        Consider(folder.TokenizerConfig?.Optional("model_max_length"), "tokenizer_config.json");
        if (folder.Config is { } config)
        {
            var taken = config.Optional("model_type") is { } type && ShiftedPositions.Contains(type.Text()) ? 2 : 0;
            var positions = config.Optional("max_position_embeddings");
            Consider(positions, HubFolder.ConfigFile, taken);
            if (least.Tokens is null && positions is { } said)
            {
                throw said.Refuse(
                    $"is {said.Value}, which is no number of tokens, and no other file says how many the model takes: correct it, or give "
                    + "'max_tokens'");
            }
        }

        return least;

        void Consider(ManifestField? field, string origin, int taken = 0)
        {
            if (field is not { } said) return;
            if (said.Value.ValueKind != JsonValueKind.Number) throw said.Refuse("must be a number; 'max_tokens' takes its place");
            // Where a tokenizer has no limit, its field is a huge number, such as 1e30.
            if (!said.Value.TryGetInt64(out var tokens) || tokens <= taken) return;
            if (least.Tokens is null || tokens - taken < least.Tokens) least = (tokens - taken, origin);
        }
    }
}
