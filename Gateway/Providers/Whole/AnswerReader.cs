using System.Diagnostics.CodeAnalysis;
using System.Text.Json;
using System.Text.Unicode;
using AiPlatform.Gateway.Providers.Attempts;
using AiPlatform.Jobs.Payloads;

namespace AiPlatform.Gateway.Providers.Whole;

/// <summary>Reads what the Gateway has to know of an answer in one pass over its bytes, which checks that they are JSON.</summary>
internal static class AnswerReader
{
    private static readonly JsonReaderOptions Options = new() { MaxDepth = 256 };

    private const string NotJson = "is not valid JSON";

    /// <summary>False when the bytes are not one JSON object, in valid UTF-8.</summary>
    /// <param name="json">The answer, or one chunk of a stream.</param>
    /// <param name="facts">What it says, when this is true.</param>
    /// <param name="problem">What is wrong with it, when this is false: <c>is …</c>.</param>
    /// <param name="vectors">Checks its embeddings, where there must be some.</param>
    public static bool TryRead(
        ReadOnlySpan<byte> json, out AnswerFacts facts, [NotNullWhen(false)] out string? problem, EmbeddingsCheck? vectors = null)
    {
        facts = default;
        problem = NotJson;
        if (!Utf8.IsValid(json)) return false;
        try
        {
            var reader = new Utf8JsonReader(json, Options);
            reader.Read();
            var isObject = reader.TokenType == JsonTokenType.StartObject;
            if (!isObject) reader.Skip();

            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName) ReadField(ref reader, ref facts, vectors);
            reader.Read();
            if (!isObject)
            {
                problem = "is not a JSON object";
                return false;
            }

            problem = null;
            return true;
        }
        catch (Exception malformed) when (malformed is JsonException or InvalidOperationException)
        {
            // The latter is what comparing a name throws that has half of a surrogate pair.
            problem = NotJson;
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
        else if (isChoices) ReadChoices(ref reader, ref facts);
        else if (isData) vectors!.Read(ref reader);
        reader.Skip();
    }

    private static TokenUsage ReadUsage(ref Utf8JsonReader reader)
    {
        var (input, output) = UsageJson.Read(ref reader);
        return new TokenUsage(input, output);
    }

    /// <summary>Reads <c>choices</c>; of a field that is there twice, the last counts.</summary>
    private static void ReadChoices(ref Utf8JsonReader reader, ref AnswerFacts facts)
    {
        facts = facts with { Choices = 0, Finished = 0, TextBytes = 0, HasUnreadableChoice = false, HasChoiceWithoutMessage = false };
        if (reader.TokenType != JsonTokenType.StartArray) return;

        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            facts = facts with { Choices = facts.Choices + 1 };
            if (reader.TokenType == JsonTokenType.StartObject)
            {
                ReadChoice(ref reader, ref facts);
            }
            else
            {
                facts = facts with { HasUnreadableChoice = true };
                reader.Skip();
            }
        }
    }

    private static void ReadChoice(ref Utf8JsonReader reader, ref AnswerFacts facts)
    {
        var (isFinished, hasMessage, bytes) = (false, false, 0L);
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var isReason = reader.ValueTextEquals("finish_reason"u8);
            var isDelta = reader.ValueTextEquals("delta"u8);
            var isMessage = reader.ValueTextEquals("message"u8);
            reader.Read();
            if (isMessage) hasMessage = reader.TokenType == JsonTokenType.StartObject;
            isFinished |= isReason && reader.TokenType == JsonTokenType.String;
            if (isDelta) bytes += CountText(ref reader);
            reader.Skip();
        }

        facts = facts with
        {
            Finished = facts.Finished + (isFinished ? 1 : 0),
            TextBytes = facts.TextBytes + bytes,
            HasChoiceWithoutMessage = facts.HasChoiceWithoutMessage || !hasMessage,
        };
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
internal readonly record struct AnswerFacts(TokenUsage? Usage, bool HasError, int Choices, int Finished, long TextBytes)
{
    /// <summary>One of its choices is no object.</summary>
    public bool HasUnreadableChoice { get; init; }

    /// <summary>One of its choices has no <c>message</c>, as those of a whole answer must.</summary>
    public bool HasChoiceWithoutMessage { get; init; }
}
