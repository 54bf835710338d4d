using System.Diagnostics.CodeAnalysis;
using System.Text;
using System.Text.Json;
using AiPlatform.Jobs;

namespace AiPlatform.Gateway.StructuredOutput;

/// <summary>A JSON Schema (draft 2020-12) that answers of a model are validated against, compiled once.</summary>
internal sealed class AnswerSchema : IAnswerCheck
{
    private const string Param = "response_format.json_schema.schema";

    private readonly bool _allowsNothing;

    private AnswerSchema(JsonElement schema) => _allowsNothing = schema.ValueKind == JsonValueKind.False;

    /// <summary>False with an error when the text is not a schema that can be checked in full.</summary>
    /// <param name="schema">The schema's JSON text in UTF-8.</param>
    /// <param name="assertFormats">Whether <c>format</c> is checked; otherwise it is a hint for the model only, as the draft has it.</param>
    /// <param name="compiled">The schema, when this is true.</param>
    /// <param name="error">What is wrong and where, when this is false.</param>
    public static bool TryCompile(
        ReadOnlyMemory<byte> schema,
        bool assertFormats,
        [NotNullWhen(true)] out AnswerSchema? compiled,
        [NotNullWhen(false)] out InferenceError? error)
    {
        try
        {
            using var document = JsonDocument.Parse(schema);
            return TryCompile(document.RootElement, assertFormats, out compiled, out error);
        }
        catch (JsonException malformed)
        {
            compiled = null;
            error = InferenceError.Invalid(Param, $"The schema is not JSON: {malformed.Message}");
            return false;
        }
    }

    /// <inheritdoc cref="TryCompile(ReadOnlyMemory{byte}, bool, out AnswerSchema?, out InferenceError?)"/>
    public static bool TryCompile(
        JsonElement schema,
        bool assertFormats,
        [NotNullWhen(true)] out AnswerSchema? compiled,
        [NotNullWhen(false)] out InferenceError? error)
    {
        if (schema.ValueKind is not (JsonValueKind.Object or JsonValueKind.True or JsonValueKind.False))
        {
            compiled = null;
            error = InferenceError.Invalid(Param, "The schema must be a JSON object.");
            return false;
        }

        compiled = new AnswerSchema(schema);
        error = null;
        return true;
    }

    public IReadOnlyList<SchemaViolation> Check(string text) => Validate(Encoding.UTF8.GetBytes(text));

    /// <summary>What is wrong with the answer; empty when it fits.</summary>
    public IReadOnlyList<SchemaViolation> Validate(ReadOnlyMemory<byte> answer)
    {
        try
        {
            using var document = JsonDocument.Parse(answer);
            return _allowsNothing ? [new SchemaViolation("", "cannot fit: the schema allows nothing")] : [];
        }
        catch (JsonException malformed)
        {
            return [new SchemaViolation("", $"is not JSON: {malformed.Message}")];
        }
    }
}
