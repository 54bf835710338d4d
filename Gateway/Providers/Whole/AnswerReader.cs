using System.Text.Json;
using System.Text.Unicode;
using AiPlatform.Gateway.Providers.Attempts;
using AiPlatform.Jobs.Payloads;

namespace AiPlatform.Gateway.Providers.Whole;

/// <summary>Reads what the Gateway has to know of an answer in one pass over its bytes, which checks that they are JSON.</summary>
internal static class AnswerReader
{
    private static readonly JsonReaderOptions Options = new() { MaxDepth = 256 };

    /// <summary>False when the bytes are not one JSON object, in valid UTF-8.</summary>
    /// <param name="json">The answer, or one chunk of a stream.</param>
    /// <param name="facts">What it says, when this is true.</param>
    /// <param name="vectors">Checks its embeddings, where there must be some.</param>
    public static bool TryRead(ReadOnlySpan<byte> json, out AnswerFacts facts, EmbeddingsCheck? vectors = null)
    {
        facts = default;
        if (!Utf8.IsValid(json)) return false;
        try
        {
            var reader = new Utf8JsonReader(json, Options);
            if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject) return false;

            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName) ReadField(ref reader, ref facts, vectors);
            reader.Read();
            return true;
        }
        catch (Exception malformed) when (malformed is JsonException or InvalidOperationException)
        {
            // The latter is what comparing a name throws that has half of a surrogate pair.
            return false;
        }
    }

    private static void ReadField(ref Utf8JsonReader reader, ref AnswerFacts facts, EmbeddingsCheck? vectors)
    {
        var isUsage = reader.ValueTextEquals("usage"u8);
        var isError = reader.ValueTextEquals("error"u8);
        var isChoices = reader.ValueTextEquals("choices"u8);
        var isData = vectors is not null && reader.ValueTextEquals("data"u8);
        reader.Read();
        if (isUsage && reader.TokenType == JsonTokenType.StartObject) facts = facts with { Usage = ReadUsage(ref reader) };
        else if (isError && reader.TokenType != JsonTokenType.Null) facts = facts with { HasError = true };
        else if (isChoices && reader.TokenType == JsonTokenType.StartArray) ReadChoices(ref reader, ref facts);
        else if (isData) vectors!.Read(ref reader);
        reader.Skip();
    }

    private static TokenUsage ReadUsage(ref Utf8JsonReader reader)
    {
        var (input, output) = UsageJson.Read(ref reader);
        return new TokenUsage(input, output);
    }

    private static void ReadChoices(ref Utf8JsonReader reader, ref AnswerFacts facts)
    {
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            facts = facts with { Choices = facts.Choices + 1 };
            if (reader.TokenType == JsonTokenType.StartObject) ReadChoice(ref reader, ref facts);
            else reader.Skip();
        }
    }

    private static void ReadChoice(ref Utf8JsonReader reader, ref AnswerFacts facts)
    {
        var (isFinished, bytes) = (false, 0L);
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var isReason = reader.ValueTextEquals("finish_reason"u8);
            var isDelta = reader.ValueTextEquals("delta"u8);
            reader.Read();
            isFinished |= isReason && reader.TokenType == JsonTokenType.String;
            if (isDelta) bytes += CountText(ref reader);
            reader.Skip();
        }

        facts = facts with { Finished = facts.Finished + (isFinished ? 1 : 0), TextBytes = facts.TextBytes + bytes };
    }

    /// <summary>Bytes of all strings in a value; the reader stands on its start, and stands on its end afterwards.</summary>
    private static long CountText(ref Utf8JsonReader reader)
    {
        var (depth, bytes) = (reader.CurrentDepth, 0L);
        if (reader.TokenType is not (JsonTokenType.StartObject or JsonTokenType.StartArray)) return 0;
        while (reader.Read() && reader.CurrentDepth > depth)
            if (reader.TokenType == JsonTokenType.String) bytes += reader.ValueSpan.Length;
        return bytes;
    }
}

/// <summary>What the Gateway has to know of an answer, or of one chunk of a stream.</summary>
/// <param name="Usage">Null when it says none.</param>
/// <param name="HasError">It is an error.</param>
/// <param name="Choices">Choices that it speaks of.</param>
/// <param name="Finished">Choices among them that end with it.</param>
/// <param name="TextBytes">Bytes of text that the choices' deltas say, as they are written: content, reasoning, arguments of tools.</param>
internal readonly record struct AnswerFacts(TokenUsage? Usage, bool HasError, int Choices, int Finished, long TextBytes);
