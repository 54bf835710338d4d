using System.Diagnostics.CodeAnalysis;
using System.Text.Json;
using System.Text.Unicode;
using AiPlatform.Gateway.Providers.Attempts;
using AiPlatform.Jobs.Payloads;

namespace AiPlatform.Gateway.Providers.Whole;

/// <summary>Reads the facts of an answer in one pass over its bytes, which also checks that they are valid JSON.</summary>
internal static class AnswerReader
{
    private static readonly JsonReaderOptions Options = new() { MaxDepth = 256 };

    private const string NotJson = "is not valid JSON";

    /// <summary>False when the bytes are not one JSON object, in valid UTF-8.</summary>
    /// <param name="json">The answer, or one chunk of a stream.</param>
    /// <param name="facts">The facts; set when the result is true.</param>
    /// <param name="problem">What is wrong with it, when this is false: <c>is …</c>.</param>
    /// <param name="vectors">Checks the embeddings, if the answer must have some.</param>
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
            // Comparing a name that has half of a surrogate pair throws the latter.
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
        var (isFinished, hasMessage, hasIndex, bytes) = (false, false, true, 0L);
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var isReason = reader.ValueTextEquals("finish_reason"u8);
            var isDelta = reader.ValueTextEquals("delta"u8);
            var isMessage = reader.ValueTextEquals("message"u8);
            var isIndex = reader.ValueTextEquals("index"u8);
            reader.Read();
            if (isIndex) hasIndex = reader.TokenType == JsonTokenType.Number && reader.TryGetInt32(out var index) && index >= 0;
            if (isMessage) hasMessage = reader.TokenType == JsonTokenType.StartObject;
            isFinished |= isReason && reader.TokenType == JsonTokenType.String;
            if (isDelta) bytes += CountText(ref reader);
            reader.Skip();
        }

        facts = facts with
        {
            Finished = facts.Finished + (isFinished ? 1 : 0),
            TextBytes = facts.TextBytes + bytes,
            HasUnreadableChoice = facts.HasUnreadableChoice || !hasIndex,
            HasChoiceWithoutMessage = facts.HasChoiceWithoutMessage || !hasMessage,
        };
    }

    /// <summary>
    /// Bytes of all strings in a value. The reader is on the value's start before the call, and on its end after the call.
    /// </summary>
    private static long CountText(ref Utf8JsonReader reader)
    {
        var (depth, bytes) = (reader.CurrentDepth, 0L);
        if (reader.TokenType is not (JsonTokenType.StartObject or JsonTokenType.StartArray)) return 0;
        while (reader.Read() && reader.CurrentDepth > depth)
            if (reader.TokenType == JsonTokenType.String) bytes += reader.ValueSpan.Length;
        return bytes;
    }
}

/// <summary>The facts that the Gateway needs of an answer, or of one chunk of a stream.</summary>
/// <param name="Usage">The usage; null when there is none.</param>
/// <param name="HasError">Whether it is an error.</param>
/// <param name="Choices">How many choices it has.</param>
/// <param name="Finished">How many of these choices end with it.</param>
/// <param name="TextBytes">Bytes of text in the choices' deltas, as they are written: content, reasoning, arguments of tools.</param>
internal readonly record struct AnswerFacts(TokenUsage? Usage, bool HasError, int Choices, int Finished, long TextBytes)
{
    /// <summary>One of its choices is no object, or has an index that is no number of a choice: SDKs cannot read it.</summary>
    public bool HasUnreadableChoice { get; init; }

    /// <summary>One of its choices has no <c>message</c>, as those of a whole answer must.</summary>
    public bool HasChoiceWithoutMessage { get; init; }
}
