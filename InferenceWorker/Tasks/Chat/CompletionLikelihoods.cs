using System.Globalization;
using System.Text;
using System.Text.Unicode;
using AiPlatform.InferenceWorker.Text.Bpe;
using AiPlatform.Jobs.Tasks.Completions;
using AiPlatform.Jobs.Tasks.Generation;

namespace AiPlatform.InferenceWorker.Tasks.Chat;

/// <summary>Writes the log-probabilities of a completion's tokens in the form of OpenAI's <c>logprobs</c> of completions.</summary>
internal static class CompletionLikelihoods
{
    /// <summary>Returns an empty text without tokens.</summary>
    public static string Write(IReadOnlyList<TokenLikelihood> tokens, ChatTokenizer tokenizer)
    {
        if (tokens.Count == 0) return "";

        return CompletionChunks.Likelihoods(
            string.Join(',', tokens.Select(token => Name(token.Token, tokenizer))),
            string.Join(',', tokens.Select(token => Number(token.LogProbability))),
            string.Join(',', tokens.Select(token => Top(token, tokenizer))),
            string.Join(',', tokens.Select(token => token.At.ToString(CultureInfo.InvariantCulture))));
    }

    /// <summary>
    /// The likeliest tokens and the generated one, by their texts. Of two tokens with equal texts, the likelier one is written.
    /// </summary>
    private static string Top(TokenLikelihood token, ChatTokenizer tokenizer)
    {
        var named = new Dictionary<string, float>(StringComparer.Ordinal);
        foreach (var (other, likelihood) in token.Top) named.TryAdd(Name(other, tokenizer), likelihood);
        named.TryAdd(Name(token.Token, tokenizer), token.LogProbability);
        return $"{{{string.Join(',', named.Select(one => $"{one.Key}:{Number(one.Value)}"))}}}";
    }

    /// <summary>A token's text as JSON. A token that is a part of a character is written as its bytes, as by OpenAI.</summary>
    private static string Name(int token, ChatTokenizer tokenizer)
    {
        var bytes = tokenizer.TokenBytes(token);
        var text = Utf8.IsValid(bytes) ? Encoding.UTF8.GetString(bytes) : $"bytes:{string.Concat(bytes.ToArray().Select(Escaped))}";
        return AnswerForm.Text(text);
    }

    private static string Escaped(byte one) => string.Create(CultureInfo.InvariantCulture, $"\\x{one:x2}");

    private static string Number(float likelihood) => TokenLikelihood.Shown(likelihood).ToString("R", CultureInfo.InvariantCulture);
}
