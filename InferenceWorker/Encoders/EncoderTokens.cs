using System.Text.Json;
using AiPlatform.InferenceWorker.Models;
using AiPlatform.InferenceWorker.Text;
using AiPlatform.Jobs;

namespace AiPlatform.InferenceWorker.Encoders;

/// <summary>The tokens of an encoder, which has no chats.</summary>
internal sealed class EncoderTokens(ITokenizer tokenizer) : IModelTokens
{
    public int VocabularySize => tokenizer.VocabularySize;

    public int[] OfText(string text, bool addsSpecialTokens, int stopAbove)
    {
        var ids = tokenizer.Encode(text, stopAbove: stopAbove);
        return addsSpecialTokens ? ids : [.. tokenizer.WithoutSpecialTokens(ids)];
    }

    public (int[]? Tokens, InferenceError? Error) OfMessages(JsonElement messages, bool addsGenerationPrompt, int stopAbove) =>
        (null, InferenceError.Invalid("messages", "The model has no chat template: give prompt."));

    public string NameOf(int id) => tokenizer.NameOf(id);

    public string? TextOf(ReadOnlySpan<int> ids) => tokenizer.Decode(ids);
}
