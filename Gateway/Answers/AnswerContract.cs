using System.ComponentModel.DataAnnotations;
using System.Diagnostics.CodeAnalysis;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using AiPlatform.Gateway.Json;
using AiPlatform.Gateway.StructuredOutput;

namespace AiPlatform.Gateway.Answers;

/// <summary>
/// A C# record as the contract of a model's answers. Its JSON Schema is sent to the model, validates the reply, and describes the type of
/// the route. A reply that fits becomes a <typeparamref name="T"/>.
/// </summary>
internal sealed class AnswerContract<T> : IAnswerCheck
    where T : class
{
    private readonly JsonTypeInfo<T> _type;
    private readonly AnswerSchema _check;

    /// <exception cref="InvalidOperationException">The record cannot be a contract; the message says why.</exception>
    public AnswerContract()
    {
        var options = AnswerJson.Configure(new JsonSerializerOptions(JsonSerializerOptions.Strict));
        options.Converters.Add(new JsonStringEnumConverter(namingPolicy: null, allowIntegerValues: false));
        options.TypeInfoResolver = new DefaultJsonTypeInfoResolver();
        _type = (JsonTypeInfo<T>)options.GetTypeInfo(typeof(T));
        if (_type.Kind != JsonTypeInfoKind.Object)
            throw new InvalidOperationException($"{typeof(T).Name} cannot be the type of an answer: it must be a record or a class.");

        Schema = AnswerSchemaBuilder.Build(_type);
        SchemaText = Encoding.UTF8.GetBytes(Schema.ToJsonString());
        if (!AnswerSchema.TryCompile(
            SchemaText, assertFormats: true, new StepBudget(StepBudget.Whole, CancellationToken.None), out var check, out var error))
        {
            throw new InvalidOperationException($"{typeof(T).Name} cannot be the type of an answer: {error.Message}");
        }
        _check = check;
        OnlyText = _type.Properties is [{ PropertyType: var only, Name: var name }] && only == typeof(string) && IsAnyText(Schema, name)
            ? name : null;
        IsStrict = StrictSubset.Covers(Schema);
    }

    /// <summary>Name of the schema, such as <c>generate_answer</c>.</summary>
    public string Name { get; } = JsonNamingPolicy.SnakeCaseLower.ConvertName(typeof(T).Name);

    public JsonNode Schema { get; }

    /// <summary>The schema's text, which every request carries.</summary>
    public ReadOnlyMemory<byte> SchemaText { get; }

    /// <summary>
    /// The name of the record's only property, if that is any text: a model of our workers answers with the text itself.
    /// </summary>
    public string? OnlyText { get; }

    /// <summary>Whether providers can be asked to decode within the schema (<c>strict</c>).</summary>
    public bool IsStrict { get; }

    public IReadOnlyList<SchemaViolation> Check(string text, StepBudget budget) =>
        TryRead(text, budget, out _, out var violations) ? [] : violations;

    /// <summary>
    /// Whether the reply fits; then <paramref name="answer"/> is set, otherwise <paramref name="violations"/> is not empty.
    /// </summary>
    public bool TryRead(string text, StepBudget budget, [NotNullWhen(true)] out T? answer, out IReadOnlyList<SchemaViolation> violations)
    {
        answer = null;
        violations = _check.Check(text, budget);
        if (violations.Count > 0) return false;

        try
        {
            answer = JsonSerializer.Deserialize(text, _type)!;
            violations = answer is IValidatableObject own
                ? [.. own.Validate(new ValidationContext(answer)).OfType<ValidationResult>().Select(ViolationOf)]
                : [];
        }
        catch (JsonException wrong)
        {
            // The value fits the schema but not the C# type: it is a number that is too large.
            violations = [new SchemaViolation("", $"has a value that {typeof(T).Name} cannot hold, at {wrong.Path}")];
        }

        if (violations.Count > 0) answer = null;
        return answer is not null;
    }

    /// <summary>Writes the answer as the route returns it.</summary>
    public byte[] Write(T answer) => JsonSerializer.SerializeToUtf8Bytes(answer, _type);

    /// <summary>Whether the schema says no more of a text than that it is not empty.</summary>
    private static bool IsAnyText(JsonNode schema, string name) => schema["properties"]?[name] is JsonObject text
        && text.All(field => field.Key is "type" or "description" || (field.Key == "minLength" && field.Value!.GetValue<int>() <= 1));

    private SchemaViolation ViolationOf(ValidationResult result)
    {
        var member = result.MemberNames.FirstOrDefault();
        var property = _type.Properties.FirstOrDefault(
            property => (property.AttributeProvider as System.Reflection.MemberInfo)?.Name == member);
        return new SchemaViolation(property is null ? "" : $"/{property.Name}", result.ErrorMessage ?? "is not valid");
    }
}
