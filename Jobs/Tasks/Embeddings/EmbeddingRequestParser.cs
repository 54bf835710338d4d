using System.Text.Json;
using AiPlatform.Jobs.Payloads;

namespace AiPlatform.Jobs.Tasks.Embeddings;

/// <summary>
/// Validates an embedding request in one pass over its bytes, without a document. Unknown fields are ignored; null means the same as a
/// missing field.
/// </summary>
public static class EmbeddingRequestParser
{
    private static readonly string[] FieldNames = ["model", "input", "encoding_format", "dimensions", "truncate", "user"];

    /// <summary>Exactly one of the two is set. Never throws, whatever the bytes.</summary>
    /// <param name="body">The request's bytes.</param>
    /// <param name="content">Collects the inputs; null leaves them in the bytes.</param>
    public static (EmbeddingCall? Call, InferenceError? Error) Parse(ReadOnlySpan<byte> body, EmbeddingContent? content = null)
    {
        var fields = new Fields(content);
        if (KnownFields.Read(body, ref fields) is { } malformed) return (null, malformed);

        return (fields.FirstError() ?? RequestJson.CheckText(body)) is { } error
            ? (null, error)
            : (new EmbeddingCall(fields.Model!, fields.Rows, fields.IsSingle, fields.Format, fields.Dimensions, fields.Truncate), null);
    }

    private struct Fields(EmbeddingContent? content) : IFieldValues
    {
        private string? _model;
        private int? _dimensions;
        private bool _truncate;

        public KnownFields Known { get; } = new(FieldNames);
        public readonly string? Model => _model;
        public int Rows { get; private set; }
        public bool IsSingle { get; private set; }
        public EmbeddingFormat Format { get; private set; }
        public readonly int? Dimensions => _dimensions;
        public readonly bool Truncate => _truncate;

        public readonly InferenceError? FirstError()
        {
            if (Model is null) Known.Note("model", "model is missing: name the model to ask.");
            if (Rows == 0) Known.Note("input", "input is missing: give a string, strings, or token ids.");
            return Known.FirstError;
        }

        public InferenceError? ReadValue(string name, ref Utf8JsonReader value) => name switch
        {
            "model" => RequestJson.ReadModel(ref value, out _model),
            "input" => ReadInput(ref value),
            "encoding_format" => ReadFormat(ref value),
            "dimensions" => RequestJson.ReadCount("dimensions", ref value, out _dimensions),
            "truncate" => RequestJson.ReadBoolean("truncate", ref value, out _truncate),
            _ => RequestJson.TryReadText(ref value, out _) ? null : InferenceError.Invalid("user", "user must be a string."),
        };

        private InferenceError? ReadInput(ref Utf8JsonReader value)
        {
            var error = EmbeddingInput.Read(
                "input", EmbeddingInput.MaxItems, EmbeddingInput.MaxItems, ref value, content, out var rows, out var isSingle);
            (Rows, IsSingle) = (rows, isSingle);
            return error;
        }

        private InferenceError? ReadFormat(ref Utf8JsonReader value)
        {
            if (value.TokenType == JsonTokenType.String && value.ValueTextEquals("float"u8)) Format = EmbeddingFormat.Float;
            else if (value.TokenType == JsonTokenType.String && value.ValueTextEquals("base64"u8)) Format = EmbeddingFormat.Base64;
            else return InferenceError.Invalid("encoding_format", "encoding_format must be 'float' or 'base64'.");
            return null;
        }
    }
}
