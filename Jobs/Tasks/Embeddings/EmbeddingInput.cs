using System.Text.Json;
using AiPlatform.Jobs.Payloads;

namespace AiPlatform.Jobs.Tasks.Embeddings;

/// <summary>Validates what a model reads, such as <c>input</c>: a string, strings, token ids of one, or token ids of several.</summary>
public static class EmbeddingInput
{
    /// <summary>Most inputs of a request, and most token ids of one that is a flat array.</summary>
    public const int MaxItems = 2_048;

    private const string Forms = "must be a string, an array of strings, an array of token ids, or an array of arrays of token ids.";

    /// <summary>An error in the input, with its place below <c>input</c>, such as <c>[3]</c>.</summary>
    private readonly record struct WrongInput(string Path, string Message);

    private delegate WrongInput? Check(ref Utf8JsonReader reader, EmbeddingContent? content);

    /// <summary>Reads the value that the reader is on. The reader's position afterwards is undefined.</summary>
    /// <param name="name">The field's name.</param>
    /// <param name="mostItems">Most inputs.</param>
    /// <param name="mostTokens">Most token ids of one that is a flat array.</param>
    /// <param name="reader">Is on the value's first token.</param>
    /// <param name="content">Collects the inputs; null to check them only.</param>
    /// <param name="rows">Inputs; 0 when there is an error.</param>
    /// <param name="isSingle">Whether it is one input and not a list.</param>
    internal static InferenceError? Read(
        string name, int mostItems, int mostTokens, ref Utf8JsonReader reader, EmbeddingContent? content, out int rows, out bool isSingle)
    {
        content?.Clear();
        if (CheckInput(mostItems, mostTokens, ref reader, content, out rows, out isSingle) is not { } misfit) return null;

        rows = 0;
        return InferenceError.Invalid($"{name}{misfit.Path}", $"{name}{misfit.Path} {misfit.Message}");
    }

    private static WrongInput? CheckInput(
        int mostItems, int mostTokens, ref Utf8JsonReader reader, EmbeddingContent? content, out int rows, out bool isSingle)
    {
        rows = 1;
        isSingle = true;
        if (reader.TokenType == JsonTokenType.String) return CheckText(ref reader, content);
        if (reader.TokenType != JsonTokenType.StartArray) return new WrongInput("", Forms);

        reader.Read();
        if (reader.TokenType == JsonTokenType.Number) return CheckTokensOfOne(ref reader, content, mostTokens);

        isSingle = false;
        return reader.TokenType switch
        {
            JsonTokenType.EndArray => new WrongInput("", "is an empty array: give at least one input."),
            JsonTokenType.String => CheckItems(ref reader, content, CheckText, mostItems, out rows),
            JsonTokenType.StartArray => CheckItems(ref reader, content, CheckTokens, mostItems, out rows),
            _ => new WrongInput("[0]", "is neither a string nor a token id nor an array of token ids."),
        };
    }

    /// <summary>Checks items up to the end of their array; the reader is on the first item.</summary>
    private static WrongInput? CheckItems(ref Utf8JsonReader reader, EmbeddingContent? content, Check check, int most, out int count)
    {
        for (count = 0; reader.TokenType != JsonTokenType.EndArray; reader.Read(), count++)
        {
            if (count == most) return new WrongInput("", $"has more than {most} items: split the request.");
            if (check(ref reader, content) is { } misfit) return misfit with { Path = $"[{count}]{misfit.Path}" };
        }

        return null;
    }

    private static WrongInput? CheckText(ref Utf8JsonReader reader, EmbeddingContent? content)
    {
        if (reader.TokenType != JsonTokenType.String) return new WrongInput("", "must be a string, as the first item is.");
        if (reader.ValueSpan.IsEmpty) return new WrongInput("", "is an empty string.");
        if (!RequestJson.IsText(ref reader)) return new WrongInput("", "is not valid Unicode: it has half of a surrogate pair.");

        content?.AddText(reader.GetString()!);
        return null;
    }

    private static WrongInput? CheckToken(ref Utf8JsonReader reader, EmbeddingContent? content)
    {
        if (!RequestJson.TryReadWhole(ref reader, out var token) || token < 0)
            return new WrongInput("", $"must be a token id: an integer from 0 to {int.MaxValue}.");

        content?.AddToken(token);
        return null;
    }

    private static WrongInput? CheckTokens(ref Utf8JsonReader reader, EmbeddingContent? content)
    {
        if (reader.TokenType != JsonTokenType.StartArray) return new WrongInput("", "must be an array of token ids, as the first item is.");

        reader.Read();
        return reader.TokenType == JsonTokenType.EndArray
            ? new WrongInput("", "is an empty array.")
            : CheckTokensOfOne(ref reader, content, int.MaxValue);
    }

    private static WrongInput? CheckTokensOfOne(ref Utf8JsonReader reader, EmbeddingContent? content, int most)
    {
        var misfit = CheckItems(ref reader, content, CheckToken, most, out _);
        content?.EndTokens();
        return misfit;
    }
}
