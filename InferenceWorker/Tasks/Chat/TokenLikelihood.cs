using System.Buffers;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using AiPlatform.InferenceWorker.Generation.Sampling;
using AiPlatform.InferenceWorker.Text.Bpe;

namespace AiPlatform.InferenceWorker.Tasks.Chat;

/// <summary>The log-probabilities of a token of an answer and of the likeliest tokens at its place.</summary>
/// <param name="Token">The token.</param>
/// <param name="LogProbability">Its log-probability by the model itself.</param>
/// <param name="Top">The likeliest tokens.</param>
/// <param name="At">How many complete characters the text had before it.</param>
internal readonly record struct TokenLikelihood(int Token, float LogProbability, TokenLogProbability[] Top, int At)
{
    /// <summary>The value for an impossible token, because JSON has no infinity.</summary>
    private const float Never = -9999;

    private static readonly JsonWriterOptions Options = new()
    {
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        SkipValidation = true,
    };

    /// <summary>Writes OpenAI's objects for tokens, separated by commas.</summary>
    public static string Write(IReadOnlyList<TokenLikelihood> tokens, ChatTokenizer tokenizer)
    {
        if (tokens.Count == 0) return "";

        var buffer = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer, Options))
        {
            writer.WriteStartArray();
            foreach (var token in tokens) token.Write(writer, tokenizer);
            writer.WriteEndArray();
        }

        return Encoding.UTF8.GetString(buffer.WrittenSpan[1..^1]);
    }

    /// <summary>A log-probability as a number that JSON has.</summary>
    internal static float Shown(float likelihood) => float.IsFinite(likelihood) ? likelihood : Never;

    private void Write(Utf8JsonWriter writer, ChatTokenizer tokenizer)
    {
        writer.WriteStartObject();
        WriteToken(writer, tokenizer, Token, LogProbability);
        writer.WriteStartArray("top_logprobs"u8);
        foreach (var (token, likelihood) in Top)
        {
            writer.WriteStartObject();
            WriteToken(writer, tokenizer, token, likelihood);
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
        writer.WriteEndObject();
    }

    private static void WriteToken(Utf8JsonWriter writer, ChatTokenizer tokenizer, int token, float likelihood)
    {
        var bytes = tokenizer.TokenBytes(token);
        writer.WriteString("token"u8, Encoding.UTF8.GetString(bytes));
        writer.WriteNumber("logprob"u8, Shown(likelihood));
        writer.WriteStartArray("bytes"u8);
        foreach (var one in bytes) writer.WriteNumberValue(one);
        writer.WriteEndArray();
    }
}
