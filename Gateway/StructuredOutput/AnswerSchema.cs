using System.Diagnostics.CodeAnalysis;
using System.Text.Json;
using System.Text.Json.Nodes;
using AiPlatform.Gateway.StructuredOutput.JsonSchema;
using AiPlatform.Jobs;

namespace AiPlatform.Gateway.StructuredOutput;

/// <summary>
/// A JSON Schema (draft 2020-12) that answers of a model are validated against, compiled once. A schema that it takes is checked in full:
/// what it cannot check, it refuses.
/// </summary>
internal sealed class AnswerSchema : IAnswerCheck
{
    private const string Param = "response_format.json_schema.schema";
    private const int MaxSchemaBytes = 512 * 1024;

    private static readonly JsonDocumentOptions Options = new() { MaxDepth = 128, AllowDuplicateProperties = false };

    private readonly SchemaNode _schema;

    private AnswerSchema(SchemaNode schema) => _schema = schema;

    /// <summary>False with an error when the text is not a schema that can be checked in full.</summary>
    /// <param name="schema">The schema's JSON text in UTF-8, at most 512 KiB.</param>
    /// <param name="assertFormats">Whether <c>format</c> is checked; otherwise it is a hint for the model only, as the draft has it.</param>
    /// <param name="compiled">The schema, when this is true.</param>
    /// <param name="error">What is wrong and where, when this is false.</param>
    public static bool TryCompile(
        ReadOnlyMemory<byte> schema,
        bool assertFormats,
        [NotNullWhen(true)] out AnswerSchema? compiled,
        [NotNullWhen(false)] out InferenceError? error)
    {
        (compiled, error) = schema.Length > MaxSchemaBytes
            ? (null, InferenceError.Invalid(Param, $"The schema has {schema.Length} bytes; the most are {MaxSchemaBytes}."))
            : Compile(schema, assertFormats);
        return compiled is not null;
    }

    public IReadOnlyList<SchemaViolation> Check(string text)
    {
        try
        {
            using var answer = JsonDocument.Parse(text, Options);
            return Check(answer.RootElement);
        }
        catch (JsonException malformed)
        {
            return [new SchemaViolation("", $"is not JSON: see line {malformed.LineNumber + 1}, byte {malformed.BytePositionInLine + 1}")];
        }
        catch (Exception wrong) when (wrong is InvalidOperationException or ArgumentException)
        {
            // What reading an escaped half of a surrogate pair throws.
            return [new SchemaViolation("", "has a string that is not valid Unicode")];
        }
    }

    private List<SchemaViolation> Check(JsonElement answer)
    {
        // Most answers fit: whether is asked first, which costs less than asking why not.
        var checking = new Checking();
        if (checking.WouldFit(_schema, answer) && !checking.IsExhausted) return [];

        checking = new Checking();
        var violations = checking.Explain(_schema, answer);
        return violations.Count > 0 && !checking.IsExhausted
            ? violations : [new SchemaViolation("", $"takes more than {Checking.MaxSteps} steps to check: make the schema simpler")];
    }

    private static (AnswerSchema? Compiled, InferenceError? Error) Compile(ReadOnlyMemory<byte> schema, bool assertFormats)
    {
        JsonNode? root;
        try
        {
            root = JsonNode.Parse(schema.Span, documentOptions: Options);
        }
        catch (JsonException malformed)
        {
            return (null, InferenceError.Invalid(Param, $"The schema is not JSON: see its line {malformed.LineNumber + 1}, byte {malformed.BytePositionInLine + 1}."));
        }

        try
        {
            if (root is null) throw new SchemaException("The schema must be an object.");
            var resources = new SchemaResources();
            resources.Add(SchemaCompiler.Here, root);
            return (new AnswerSchema(SchemaCompiler.Compile(root, resources, assertFormats)), null);
        }
        catch (SchemaException wrong)
        {
            return (null, InferenceError.Invalid(Param, wrong.Message));
        }
        catch (Exception wrong) when (wrong is InvalidOperationException or ArgumentException or JsonException)
        {
            // What reading an escaped half of a surrogate pair throws.
            return (null, InferenceError.Invalid(Param, "The schema has a string that is not valid Unicode."));
        }
    }
}
