using System.Text.Json;
using AiPlatform.Jobs;
using AiPlatform.Jobs.Payloads;

namespace AiPlatform.InferenceWorker.Consumers;

/// <summary>
/// Reads the body of <c>/v1/embeddings</c>. Unknown fields are ignored, as the OpenAI dialect does; what is wrong with the
/// known ones is an error that names the field.
/// </summary>
internal ref struct EmbeddingBodyReader
{
    private const string InputForm = "a string, an array of strings, an array of token ids, or an array of arrays of token ids";

    private Utf8JsonReader _json;
    private InferenceError? _error;
    private List<string>? _texts;
    private List<int[]>? _tokens;
    private bool _single;
    private EmbeddingFormat _format;
    private int? _dimensions;
    private bool _truncate;

    private EmbeddingBodyReader(ReadOnlySpan<byte> body) => _json = new Utf8JsonReader(body);

    /// <returns>The request, or what is wrong with it: exactly one.</returns>
    public static (EmbeddingRequest? Request, InferenceError? Error) Read(ReadOnlySpan<byte> body)
    {
        var reader = new EmbeddingBodyReader(body);
        try
        {
            if (!reader.ReadBody()) return (null, reader._error);
        }
        catch (JsonException broken)
        {
            return (null, Invalid($"The body is not valid JSON: byte {broken.BytePositionInLine} of line {broken.LineNumber + 1}.", null));
        }

        return (new EmbeddingRequest
        {
            Texts = reader._texts,
            TokenArrays = reader._tokens,
            IsSingle = reader._single,
            Format = reader._format,
            Dimensions = reader._dimensions,
            Truncate = reader._truncate,
        }, null);
    }

    private bool ReadBody()
    {
        _json.Read();
        if (_json.TokenType != JsonTokenType.StartObject) return Refuse("The body must be a JSON object.", null);

        while (_json.Read() && _json.TokenType != JsonTokenType.EndObject)
            if (!ReadField()) return false;
        _json.Read();
        return _texts is not null || _tokens is not null || Refuse($"'input' is missing: give {InputForm}.", "input");
    }

    private bool ReadField()
    {
        if (Is("input"u8)) return ReadInput();
        if (Is("encoding_format"u8)) return ReadFormat();
        if (Is("dimensions"u8)) return ReadDimensions();
        if (Is("truncate"u8)) return ReadTruncate();

        _json.Read();
        _json.Skip();
        return true;
    }

    private bool Is(ReadOnlySpan<byte> name)
    {
        if (!_json.ValueTextEquals(name)) return false;
        _json.Read();
        return true;
    }

    private bool ReadFormat()
    {
        if (_json.TokenType == JsonTokenType.Null) return true;
        if (_json.TokenType == JsonTokenType.String && (_json.ValueTextEquals("float"u8) || _json.ValueTextEquals("base64"u8)))
        {
            _format = _json.ValueTextEquals("float"u8) ? EmbeddingFormat.Float : EmbeddingFormat.Base64;
            return true;
        }

        return Refuse("'encoding_format' must be 'float' or 'base64'.", "encoding_format");
    }

    private bool ReadDimensions()
    {
        if (_json.TokenType == JsonTokenType.Null) return true;
        if (_json.TokenType != JsonTokenType.Number || !_json.TryGetInt32(out var dimensions) || dimensions < 1)
            return Refuse("'dimensions' must be a whole number of 1 or more.", "dimensions");
        _dimensions = dimensions;
        return true;
    }

    private bool ReadTruncate()
    {
        if (_json.TokenType == JsonTokenType.Null) return true;
        if (_json.TokenType is not (JsonTokenType.True or JsonTokenType.False)) return Refuse("'truncate' must be true or false.", "truncate");
        _truncate = _json.GetBoolean();
        return true;
    }

    private bool ReadInput()
    {
        (_texts, _tokens, _single) = (null, null, false);
        if (_json.TokenType == JsonTokenType.String)
        {
            _single = true;
            return AddText("input");
        }

        if (_json.TokenType != JsonTokenType.StartArray) return Refuse($"'input' must be {InputForm}.", "input");

        _json.Read();
        switch (_json.TokenType)
        {
            case JsonTokenType.EndArray: return Refuse("'input' must not be empty.", "input");
            case JsonTokenType.String: return ReadTexts();
            case JsonTokenType.StartArray: return ReadTokenArrays();
            case JsonTokenType.Number:
                _single = true;
                return ReadTokens("input");
            default: return Refuse($"'input' must be {InputForm}.", "input");
        }
    }

    private bool ReadTexts()
    {
        for (var i = 0; _json.TokenType != JsonTokenType.EndArray; i++, _json.Read())
        {
            if (_json.TokenType != JsonTokenType.String) return Refuse($"'input[{i}]' must be a string, as the first one is.", $"input[{i}]");
            if (i == EmbeddingRequest.MaxInputs) return RefuseCount();
            if (!AddText($"input[{i}]")) return false;
        }

        return true;
    }

    private bool AddText(string name)
    {
        string text;
        try
        {
            text = _json.GetString()!;
        }
        catch (InvalidOperationException)
        {
            return Refuse($"'{name}' is not valid Unicode.", name);
        }

        if (text.Length == 0) return Refuse($"'{name}' must not be an empty string.", name);
        (_texts ??= []).Add(text);
        return true;
    }

    private bool ReadTokenArrays()
    {
        for (var i = 0; _json.TokenType != JsonTokenType.EndArray; i++, _json.Read())
        {
            if (_json.TokenType != JsonTokenType.StartArray)
                return Refuse($"'input[{i}]' must be an array of token ids, as the first one is.", $"input[{i}]");
            if (i == EmbeddingRequest.MaxInputs) return RefuseCount();
            _json.Read();
            if (!ReadTokens($"input[{i}]")) return false;
        }

        return true;
    }

    /// <summary>Begins on the first id, ends on the array's end.</summary>
    private bool ReadTokens(string name)
    {
        List<int> ids = [];
        for (; _json.TokenType != JsonTokenType.EndArray; _json.Read())
        {
            if (_json.TokenType != JsonTokenType.Number || !_json.TryGetInt32(out var id))
                return Refuse($"'{name}[{ids.Count}]' must be a token id, a whole number.", $"{name}[{ids.Count}]");
            ids.Add(id);
        }

        if (ids.Count == 0) return Refuse($"'{name}' must not be an empty array.", name);
        (_tokens ??= []).Add([.. ids]);
        return true;
    }

    private bool RefuseCount() => Refuse($"'input' has more than {EmbeddingRequest.MaxInputs} inputs: send them in several requests.", "input");

    private bool Refuse(string message, string? param)
    {
        _error = Invalid(message, param);
        return false;
    }

    private static InferenceError Invalid(string message, string? param) =>
        new() { Kind = InferenceErrorKind.InvalidRequest, Message = message, Param = param };
}
