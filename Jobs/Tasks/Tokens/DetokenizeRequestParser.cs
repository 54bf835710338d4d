using System.Text.Json;
using AiPlatform.Jobs.Payloads;

namespace AiPlatform.Jobs.Tasks.Tokens;

/// <summary>
/// Validates a request for the text of tokens in one pass over its bytes, without a document. Unknown fields are ignored.
/// </summary>
public static class DetokenizeRequestParser
{
    private static readonly string[] FieldNames = ["model", "tokens"];

    /// <summary>Exactly one of the two is set. Never throws, whatever the bytes.</summary>
    /// <param name="body">The request's bytes.</param>
    /// <param name="tokens">Collects the tokens, none of which is negative; null leaves them in the bytes.</param>
    public static (DetokenizeCall? Call, InferenceError? Error) Parse(ReadOnlySpan<byte> body, List<int>? tokens = null)
    {
        var fields = new Fields(tokens);
        if (KnownFields.Read(body, ref fields) is { } malformed) return (null, malformed);

        return (fields.FirstError() ?? RequestJson.CheckText(body)) is { } error ? (null, error) : (fields.ToCall(), null);
    }

    private struct Fields(List<int>? tokens) : IFieldValues
    {
        private string? _model;
        private int? _count;

        public KnownFields Known { get; } = new(FieldNames);

        public readonly InferenceError? FirstError()
        {
            if (_model is null) Known.Note("model", "model is missing: name the model whose tokens they are.");
            if (_count is null) Known.Note("tokens", "tokens is missing: give an array of token ids.");
            return Known.FirstError;
        }

        public readonly DetokenizeCall ToCall() => new(_model!, _count!.Value);

        public InferenceError? ReadValue(string name, ref Utf8JsonReader value) =>
            name == "model" ? RequestJson.ReadModel(ref value, out _model) : ReadTokens(ref value);

        private InferenceError? ReadTokens(ref Utf8JsonReader value)
        {
            if (value.TokenType != JsonTokenType.StartArray)
                return InferenceError.Invalid("tokens", "tokens must be an array of token ids.");

            var count = 0;
            for (; value.Read() && value.TokenType != JsonTokenType.EndArray; count++)
            {
                if (count == TokenizeTask.MaxTokens)
                {
                    return InferenceError.Invalid(
                        "tokens", $"tokens has more than {TokenizeTask.MaxTokens} token ids: send them in several requests.");
                }

                if (value.TokenType != JsonTokenType.Number || !value.TryGetInt32(out var token) || token < 0)
                {
                    return InferenceError.Invalid(
                        $"tokens[{count}]", $"tokens[{count}] must be a token id: an integer from 0 to {int.MaxValue}.");
                }

                tokens?.Add(token);
            }

            _count = count;
            return null;
        }
    }
}
