using System.Text.Json;
using System.Text.RegularExpressions;
using AiPlatform.Jobs.Payloads;

namespace AiPlatform.Gateway.Providers.Requests;

/// <summary>Reads <c>response_format</c> of a chat request.</summary>
internal static partial class ResponseFormat
{
    private const string Name = "response_format";

    [GeneratedRegex(@"\A[A-Za-z0-9_-]{1,64}\z")]
    private static partial Regex SchemaName { get; }

    /// <summary>
    /// Reads the value that the reader is on. Returns the range of the schema in the request's bytes, or null when the format has none, and
    /// whether any JSON object is accepted.
    /// </summary>
    public static (InferenceError? Error, Range? Schema, bool IsJsonObject) Read(ref Utf8JsonReader value)
    {
        if (value.TokenType == JsonTokenType.Null) return default;
        if (value.TokenType != JsonTokenType.StartObject)
            return (InferenceError.Invalid(Name, "response_format must be an object."), null, false);

        string? type = null;
        (InferenceError? Error, Range? Schema)? format = null;
        var seen = 0;
        while (value.Read() && value.TokenType == JsonTokenType.PropertyName)
        {
            var isType = value.ValueTextEquals("type"u8);
            var isFormat = value.ValueTextEquals("json_schema"u8);
            if (isType && RequestJson.NoteField(ref seen, 0, $"{Name}.type") is { } typeTwice) return (typeTwice, null, false);
            if (isFormat && RequestJson.NoteField(ref seen, 1, $"{Name}.json_schema") is { } formatTwice) return (formatTwice, null, false);
            value.Read();
            if (isType) RequestJson.TryReadText(ref value, out type);
            if (isFormat)
            {
                var inner = value;
                format = ReadJsonSchema(ref inner);
            }

            value.Skip();
        }

        var missing = InferenceError.Invalid($"{Name}.json_schema", "response_format.json_schema is missing: give a name and a schema.");
        return type switch
        {
            "text" => default,
            "json_object" => (null, null, true),
            "json_schema" when format is { } said => (said.Error, said.Schema, false),
            "json_schema" => (missing, null, false),
            _ => (InferenceError.Invalid($"{Name}.type", "response_format.type must be 'text', 'json_object' or 'json_schema'."), null,
                false),
        };
    }

    private static (InferenceError? Error, Range? Schema) ReadJsonSchema(ref Utf8JsonReader value)
    {
        if (value.TokenType != JsonTokenType.StartObject)
            return (InferenceError.Invalid($"{Name}.json_schema", "response_format.json_schema must be an object."), null);

        string? name = null;
        Range? schema = null;
        var seen = 0;
        while (value.Read() && value.TokenType == JsonTokenType.PropertyName)
        {
            var isName = value.ValueTextEquals("name"u8);
            var isSchema = value.ValueTextEquals("schema"u8);
            if (isName && RequestJson.NoteField(ref seen, 0, $"{Name}.json_schema.name") is { } nameTwice) return (nameTwice, null);
            if (isSchema && RequestJson.NoteField(ref seen, 1, $"{Name}.json_schema.schema") is { } schemaTwice) return (schemaTwice, null);
            value.Read();
            if (isName) RequestJson.TryReadText(ref value, out name);
            var start = (int)value.TokenStartIndex;
            var isObject = value.TokenType == JsonTokenType.StartObject;
            value.Skip();
            if (!isSchema) continue;
            if (!isObject)
            {
                return (InferenceError.Invalid($"{Name}.json_schema.schema", "response_format.json_schema.schema must be an object."),
                    null);
            }
            schema = start..(int)value.BytesConsumed;
        }

        if (name is null || !SchemaName.IsMatch(name))
        {
            return (InferenceError.Invalid($"{Name}.json_schema.name",
                "response_format.json_schema.name must have 1 to 64 characters of A-Z, a-z, 0-9, '_' and '-'."), null);
        }
        return (null, schema);
    }
}
