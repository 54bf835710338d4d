using System.Diagnostics.CodeAnalysis;
using System.Text.Json;
using System.Text.Json.Nodes;
using AiPlatform.Gateway.StructuredOutput.JsonSchema;
using AiPlatform.Jobs.Tasks.Generation;

namespace AiPlatform.Gateway.StructuredOutput;

/// <summary>
/// A compiled JSON Schema (draft 2020-12) that validates a model's answers. An accepted schema is checked completely: keywords that cannot
/// be checked are refused.
/// </summary>
internal sealed class AnswerSchema : IAnswerCheck
{
    /// <summary>The request's field that holds a schema.</summary>
    public const string Param = ResponseFormat.SchemaField;

    /// <summary>Largest schema, in bytes of its JSON.</summary>
    public const int MaxSchemaBytes = 512 * 1024;

    /// <summary>Longest answer that is checked, in characters.</summary>
    public const int MaxAnswerLength = 2 * 1024 * 1024;

    /// <summary>How many characters or bytes of JSON one step reads.</summary>
    private const int JsonPerStep = 4;

    private static readonly JsonDocumentOptions Options = new() { MaxDepth = 128, AllowDuplicateProperties = false };

    private readonly SchemaNode _schema;

    private AnswerSchema(SchemaNode schema) => _schema = schema;

    /// <summary>Compiles a schema; false, with an error, when the text is not a schema that can be checked completely.</summary>
    /// <param name="schema">The schema's JSON text in UTF-8, at most 512 KiB.</param>
    /// <param name="assertFormats">
    /// Whether <c>format</c> is checked; otherwise it is an annotation, as the draft says.
    /// </param>
    /// <param name="budget">The budget of steps.</param>
    /// <param name="compiled">The schema, when the result is true.</param>
    /// <param name="error">What is wrong and where, when the result is false.</param>
    /// <exception cref="StepsSpentException">The work needs more steps than its budget has.</exception>
    /// <exception cref="OperationCanceledException">The client has disconnected, or the deadline has passed.</exception>
    public static bool TryCompile(
        ReadOnlyMemory<byte> schema,
        bool assertFormats,
        StepBudget budget,
        [NotNullWhen(true)] out AnswerSchema? compiled,
        [NotNullWhen(false)] out InferenceError? error)
    {
        (compiled, error) = schema.Length > MaxSchemaBytes
            ? (null, InferenceError.Invalid(Param, $"The schema has {schema.Length} bytes; the most are {MaxSchemaBytes}."))
            : Compile(schema, assertFormats, budget);
        return compiled is not null;
    }

    public IReadOnlyList<SchemaViolation> Check(string text, StepBudget budget)
    {
        if (text.Length > MaxAnswerLength) throw new StepsSpentException($"it has more than {MaxAnswerLength} characters");
        budget.Spend(text.Length / JsonPerStep);
        try
        {
            using var answer = JsonDocument.Parse(text, Options);
            return Check(answer.RootElement, budget);
        }
        catch (JsonException malformed)
        {
            return [new SchemaViolation("", $"is not JSON: {PlaceOf(malformed)}")];
        }
        catch (Exception wrong) when (wrong is InvalidOperationException or ArgumentException)
        {
            // Reading an escaped half of a surrogate pair throws this.
            return [new SchemaViolation("", "has a string that is not valid Unicode")];
        }
    }

    private static string PlaceOf(JsonException malformed) => malformed.LineNumber is { } line
        ? $"see line {line + 1}, byte {malformed.BytePositionInLine + 1}"
        : "an object has a property twice";

    private List<SchemaViolation> Check(JsonElement answer, StepBudget budget)
    {
        // Most answers fit. Testing this first costs less than collecting violations.
        var checking = new Checking(budget);
        if (checking.WouldFit(_schema, answer)) return [];

        // An answer that does not fit must never look as if it did, even if there is no violation to report.
        var violations = checking.Explain(_schema, answer);
        return violations.Count > 0 ? violations : [new SchemaViolation("", "does not fit the schema")];
    }

    private static (AnswerSchema? Compiled, InferenceError? Error) Compile(
        ReadOnlyMemory<byte> schema, bool assertFormats, StepBudget budget)
    {
        budget.Spend(schema.Length / JsonPerStep);
        JsonNode? root;
        try
        {
            root = JsonNode.Parse(schema.Span, documentOptions: Options);
        }
        catch (JsonException malformed)
        {
            return (null, InferenceError.Invalid(Param, $"The schema is not JSON: {PlaceOf(malformed)}."));
        }

        try
        {
            if (root is null) throw new SchemaException("The schema must be an object.");
            var resources = new SchemaResources(budget);
            resources.Add(SchemaCompiler.Here, root);
            return (new AnswerSchema(SchemaCompiler.Compile(root, resources, assertFormats, budget)), null);
        }
        catch (SchemaException wrong)
        {
            return (null, InferenceError.Invalid(Param, wrong.Message));
        }
        catch (Exception wrong) when (wrong is InvalidOperationException or ArgumentException or JsonException)
        {
            // Reading an escaped half of a surrogate pair throws this, and so does a value that is nested too deeply for the serializer.
            const string Message =
                "The schema has a string that is not valid Unicode, or a value in an enum or a const that is nested deeper than 64.";
            return (null, InferenceError.Invalid(Param, Message));
        }
    }
}
