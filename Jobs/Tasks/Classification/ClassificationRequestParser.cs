using System.Text.Json;
using AiPlatform.Jobs.Payloads;

namespace AiPlatform.Jobs.Tasks.Classification;

/// <summary>
/// Validates a classification request in one pass over its bytes, without a document. Unknown fields are ignored; null means the same as a
/// missing field.
/// </summary>
public static class ClassificationRequestParser
{
    /// <summary>Most inputs of a request.</summary>
    public const int MaxInputs = 2_048;

    private const string Forms = "must be a string, an array of strings, or an array of pairs of strings.";

    private static readonly string[] FieldNames = ["model", "input", "top_n", "truncate"];

    /// <summary>Exactly one of the two is set. Never throws, whatever the bytes.</summary>
    /// <param name="body">The request's bytes.</param>
    /// <param name="content">Collects the inputs; null leaves them in the bytes.</param>
    public static (ClassificationCall? Call, InferenceError? Error) Parse(ReadOnlySpan<byte> body, ClassificationContent? content = null)
    {
        var fields = new Fields(content);
        if (KnownFields.Read(body, ref fields) is { } malformed) return (null, malformed);

        return (fields.FirstError() ?? RequestJson.CheckText(body)) is { } error
            ? (null, error)
            : (new ClassificationCall(fields.Model!, fields.Rows, fields.IsSingle, fields.TopN, fields.Truncate), null);
    }

    private struct Fields(ClassificationContent? content) : IFieldValues
    {
        private string? _model;
        private int? _topN;
        private bool _truncate;

        public KnownFields Known { get; } = new(FieldNames);
        public readonly string? Model => _model;
        public int Rows { get; private set; }
        public bool IsSingle { get; private set; }
        public readonly int? TopN => _topN;
        public readonly bool Truncate => _truncate;

        public readonly InferenceError? FirstError()
        {
            if (Model is null) Known.Note("model", "model is missing: name the model to ask.");
            if (Rows == 0) Known.Note("input", "input is missing: give a string, strings, or pairs of strings.");
            return Known.FirstError;
        }

        public InferenceError? ReadValue(string name, ref Utf8JsonReader value) => name switch
        {
            "model" => RequestJson.ReadModel(ref value, out _model),
            "input" => ReadInput(ref value),
            "top_n" => RequestJson.ReadCount("top_n", ref value, out _topN),
            _ => RequestJson.ReadBoolean("truncate", ref value, out _truncate),
        };

        private InferenceError? ReadInput(ref Utf8JsonReader value)
        {
            if (value.TokenType == JsonTokenType.String)
            {
                (Rows, IsSingle) = (1, true);
                return ReadText(ref value, "input", out var text) is { } wrong ? wrong : Take(text, null);
            }

            if (value.TokenType != JsonTokenType.StartArray) return InferenceError.Invalid("input", $"input {Forms}");
            value.Read();
            if (value.TokenType == JsonTokenType.EndArray)
                return InferenceError.Invalid("input", "input is an empty array: give at least one input.");

            var arePairs = value.TokenType == JsonTokenType.StartArray;
            if (!arePairs && value.TokenType != JsonTokenType.String)
                return InferenceError.Invalid("input[0]", "input[0] is neither a string nor a pair of strings.");

            for (var row = 0; value.TokenType != JsonTokenType.EndArray; value.Read(), row++)
            {
                if (row == MaxInputs) return InferenceError.Invalid("input", $"input has more than {MaxInputs} items: split the request.");
                if ((arePairs ? ReadPair(ref value, row) : ReadItem(ref value, row)) is { } wrong) return wrong;
                Rows = row + 1;
            }

            return null;
        }

        private readonly InferenceError? ReadItem(ref Utf8JsonReader value, int row) =>
            value.TokenType != JsonTokenType.String
                ? InferenceError.Invalid($"input[{row}]", $"input[{row}] must be a string, as the first item is.")
                : ReadText(ref value, $"input[{row}]", out var text) ?? Take(text, null);

        private readonly InferenceError? ReadPair(ref Utf8JsonReader value, int row)
        {
            var name = $"input[{row}]";
            if (value.TokenType != JsonTokenType.StartArray)
                return InferenceError.Invalid(name, $"{name} must be a pair of strings, as the first item is.");

            var texts = ("", "");
            for (var i = 0; i < 2; i++)
            {
                value.Read();
                if (value.TokenType != JsonTokenType.String)
                    return InferenceError.Invalid(name, $"{name} must be a pair of strings: exactly two.");
                if (ReadText(ref value, $"{name}[{i}]", out var text) is { } wrong) return wrong;
                texts = i == 0 ? (text, "") : (texts.Item1, text);
            }

            value.Read();
            return value.TokenType == JsonTokenType.EndArray
                ? Take(texts.Item1, texts.Item2) : InferenceError.Invalid(name, $"{name} must be a pair of strings: exactly two.");
        }

        /// <summary>Creates the string only if the inputs are collected.</summary>
        private readonly InferenceError? ReadText(ref Utf8JsonReader value, string name, out string text)
        {
            text = "";
            if (value.ValueSpan.IsEmpty) return InferenceError.Invalid(name, $"{name} is an empty string.");
            if (!RequestJson.IsText(ref value))
                return InferenceError.Invalid(name, $"{name} is not valid Unicode: it has half of a surrogate pair.");

            if (content is not null) text = value.GetString()!;
            return null;
        }

        private readonly InferenceError? Take(string text, string? second)
        {
            content?.Add(text, second);
            return null;
        }
    }
}
