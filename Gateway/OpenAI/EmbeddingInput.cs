using System.Text.Json;
using AiPlatform.Gateway.Admission;
using AiPlatform.Jobs;

namespace AiPlatform.Gateway.OpenAI;

/// <summary>Validates <c>input</c>: a string, strings, token ids of one input, or token ids of several.</summary>
internal static class EmbeddingInput
{
    /// <summary>Most inputs of a request, and most token ids of one that is a flat array.</summary>
    public const int MaxItems = 2_048;

    private const string Forms = "must be a string, an array of strings, an array of token ids, or an array of arrays of token ids.";

    /// <summary>What is wrong, and where below <c>input</c>, such as <c>[3]</c>.</summary>
    private readonly record struct Misfit(string Path, string Message);

    private delegate Misfit? Check(ref Utf8JsonReader reader);

    /// <summary>Reads the value that the reader stands on. The reader's place afterwards is undefined.</summary>
    /// <param name="reader">Stands on the value's first token.</param>
    /// <param name="rows">Inputs; 0 when there is an error.</param>
    public static InferenceError? Read(ref Utf8JsonReader reader, out int rows)
    {
        if (CheckInput(ref reader, out rows) is not { } misfit) return null;

        rows = 0;
        return Refusals.Invalid($"input{misfit.Path}", $"input{misfit.Path} {misfit.Message}");
    }

    private static Misfit? CheckInput(ref Utf8JsonReader reader, out int rows)
    {
        rows = 1;
        if (reader.TokenType == JsonTokenType.String) return CheckText(ref reader);
        if (reader.TokenType != JsonTokenType.StartArray) return new Misfit("", Forms);

        reader.Read();
        return reader.TokenType switch
        {
            JsonTokenType.EndArray => new Misfit("", "is an empty array: give at least one input."),
            JsonTokenType.String => CheckItems(ref reader, CheckText, MaxItems, out rows),
            JsonTokenType.StartArray => CheckItems(ref reader, CheckTokens, MaxItems, out rows),
            JsonTokenType.Number => CheckItems(ref reader, CheckToken, MaxItems, out _),
            _ => new Misfit("[0]", "is neither a string nor a token id nor an array of token ids."),
        };
    }

    /// <summary>Checks items up to the end of their array; the reader stands on the first.</summary>
    private static Misfit? CheckItems(ref Utf8JsonReader reader, Check check, int most, out int count)
    {
        for (count = 0; reader.TokenType != JsonTokenType.EndArray; reader.Read(), count++)
        {
            if (count == most) return new Misfit("", $"has more than {most} items: split the request.");
            if (check(ref reader) is { } misfit) return misfit with { Path = $"[{count}]{misfit.Path}" };
        }

        return null;
    }

    private static Misfit? CheckText(ref Utf8JsonReader reader)
    {
        if (reader.TokenType != JsonTokenType.String) return new Misfit("", "must be a string, as the first item is.");
        if (reader.ValueSpan.IsEmpty) return new Misfit("", "is an empty string.");
        return RequestJson.IsText(ref reader) ? null : new Misfit("", "is not valid Unicode: it has half of a surrogate pair.");
    }

    private static Misfit? CheckToken(ref Utf8JsonReader reader) =>
        reader.TokenType == JsonTokenType.Number && reader.TryGetInt32(out var token) && token >= 0
            ? null
            : new Misfit("", $"must be a token id: an integer from 0 to {int.MaxValue}.");

    private static Misfit? CheckTokens(ref Utf8JsonReader reader)
    {
        if (reader.TokenType != JsonTokenType.StartArray) return new Misfit("", "must be an array of token ids, as the first item is.");

        reader.Read();
        return reader.TokenType == JsonTokenType.EndArray
            ? new Misfit("", "is an empty array.")
            : CheckItems(ref reader, CheckToken, int.MaxValue, out _);
    }
}
