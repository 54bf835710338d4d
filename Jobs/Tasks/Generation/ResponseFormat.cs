using System.Text;
using System.Text.Json;
using AiPlatform.Jobs.Payloads;

namespace AiPlatform.Jobs.Tasks.Generation;

/// <summary><c>response_format</c> of a request.</summary>
public readonly record struct ResponseFormat
{
    public const string Name = "response_format";

    /// <summary>The field that has a JSON Schema.</summary>
    public const string SchemaField = "response_format.json_schema.schema";

    private const string JsonSchemaField = "response_format.json_schema";

    private static readonly string[] Fields = ["type", "json_schema", "regex", "grammar"];
    private static readonly string[] SchemaFields = ["name", "schema", "strict"];

    /// <summary>Whether the answer must be a JSON object.</summary>
    public bool IsJsonObject { get; private init; }

    /// <summary>Whether the answer must be JSON that fits <see cref="SchemaAt"/>.</summary>
    public bool IsJsonSchema { get; private init; }

    /// <summary>The range of the schema in the request's bytes; null where there is none.</summary>
    public Range? SchemaAt { get; private init; }

    /// <summary>The regular expression or the rules that the answer must fit: types of our own.</summary>
    public AnswerGrammar? Own { get; private init; }

    /// <summary>The field that has a grammar's text.</summary>
    public static string FieldOf(AnswerGrammarKind kind) => kind switch
    {
        AnswerGrammarKind.JsonSchema => SchemaField,
        AnswerGrammarKind.Regex => $"{Name}.regex",
        _ => $"{Name}.grammar",
    };

    /// <summary>What the answer must fit; null for free text.</summary>
    /// <param name="body">The request's bytes.</param>
    public AnswerGrammar? GrammarOf(ReadOnlySpan<byte> body)
    {
        if (IsJsonObject) return AnswerGrammar.JsonObject;
        // OpenAI's schema may be missing: then every JSON value fits.
        return IsJsonSchema ? new AnswerGrammar(AnswerGrammarKind.JsonSchema, SchemaAt is { } at ? Encoding.UTF8.GetString(body[at]) : "{}")
            : Own;
    }

    /// <summary>Reads the value that the reader is on, which is not null.</summary>
    /// <param name="value">The reader, at its position in the request.</param>
    /// <param name="takesOwn">Whether our own types are allowed, which providers do not know.</param>
    /// <param name="format">What was read.</param>
    public static InferenceError? Read(ref Utf8JsonReader value, bool takesOwn, out ResponseFormat format)
    {
        format = default;
        if (value.TokenType != JsonTokenType.StartObject) return InferenceError.Invalid(Name, "response_format must be an object.");

        var seen = 0;
        string? type = null;
        (InferenceError? Error, Range? Schema)? schema = null;
        var texts = new string?[Fields.Length];
        while (value.Read() && value.TokenType == JsonTokenType.PropertyName)
        {
            var field = RequestJson.FieldOf(ref value, Fields);
            value.Read();
            if (field >= 0 && RequestJson.NoteField(ref seen, field, $"{Name}.{Fields[field]}") is { } twice) return twice;
            if (field == 1)
            {
                var inner = value;
                schema = ReadJsonSchema(ref inner);
            }
            else if (field >= 0)
            {
                RequestJson.TryReadText(ref value, out texts[field]);
                if (field == 0) type = texts[field];
            }

            value.Skip();
        }

        switch (type)
        {
            case "text":
                return null;
            case "json_object":
                format = new ResponseFormat { IsJsonObject = true };
                return null;
            case "json_schema" when schema is { } said:
                format = new ResponseFormat { IsJsonSchema = true, SchemaAt = said.Schema };
                return said.Error;
            case "json_schema":
                return InferenceError.Invalid(JsonSchemaField, $"{JsonSchemaField} is missing: give a name and a schema.");
            case "regex" when takesOwn:
                return ReadOwn(AnswerGrammarKind.Regex, texts[2], out format);
            case "grammar" when takesOwn:
                return ReadOwn(AnswerGrammarKind.Rules, texts[3], out format);
            default:
                var known = takesOwn
                    ? "'text', 'json_object', 'json_schema', 'regex' or 'grammar'" : "'text', 'json_object' or 'json_schema'";
                return InferenceError.Invalid($"{Name}.type", $"{Name}.type must be {known}.");
        }
    }

    private static InferenceError? ReadOwn(AnswerGrammarKind kind, string? text, out ResponseFormat format)
    {
        format = text is null ? default : new ResponseFormat { Own = new AnswerGrammar(kind, text) };
        var field = FieldOf(kind);
        return text is null ? InferenceError.Invalid(field, $"{field} must be a string.") : null;
    }

    private static (InferenceError? Error, Range? Schema) ReadJsonSchema(ref Utf8JsonReader value)
    {
        if (value.TokenType != JsonTokenType.StartObject)
            return (InferenceError.Invalid(JsonSchemaField, $"{JsonSchemaField} must be an object."), null);

        string? name = null;
        Range? schema = null;
        var seen = 0;
        while (value.Read() && value.TokenType == JsonTokenType.PropertyName)
        {
            var field = RequestJson.FieldOf(ref value, SchemaFields);
            value.Read();
            if (field >= 0 && RequestJson.NoteField(ref seen, field, $"{JsonSchemaField}.{SchemaFields[field]}") is { } twice)
                return (twice, null);
            if (field == 0) RequestJson.TryReadText(ref value, out name);
            var start = (int)value.TokenStartIndex;
            var isObject = value.TokenType == JsonTokenType.StartObject;
            value.Skip();
            if (field != 1) continue;
            if (!isObject) return (InferenceError.Invalid(SchemaField, $"{SchemaField} must be an object."), null);
            schema = start..(int)value.BytesConsumed;
        }

        return name is not null && FieldValues.Name.IsMatch(name)
            ? (null, schema)
            : (InferenceError.Invalid(
                $"{JsonSchemaField}.name", $"{JsonSchemaField}.name must have 1 to 64 characters of A-Z, a-z, 0-9, '_' and '-'."), null);
    }
}
