using System.Diagnostics.CodeAnalysis;
using System.Diagnostics;
using System.Text.Json;
using System.Text.Json.Schema;
using System.Text.Json.Serialization.Metadata;
using AiPlatform.Gateway.StructuredOutput;

namespace AiPlatform.Gateway.Answers;

/// <summary>
/// A C# record as the contract of a model's answers: its JSON Schema is what the model is asked for, and a reply that fits it
/// becomes a <typeparamref name="T"/>.
/// </summary>
internal sealed class TypedAnswer<T> : IAnswerCheck
    where T : class
{
    private static readonly Lazy<TypedAnswer<T>> Only = new(static () => new TypedAnswer<T>());

    private readonly JsonTypeInfo<T> _type;
    private readonly AnswerSchema _check;

    private TypedAnswer()
    {
        var options = GatewayJson.Configure(new JsonSerializerOptions(JsonSerializerOptions.Strict));
        options.TypeInfoResolver = new DefaultJsonTypeInfoResolver();
        _type = (JsonTypeInfo<T>)options.GetTypeInfo(typeof(T));
        Schema = JsonSerializer.SerializeToElement(_type.GetJsonSchemaAsNode());
        if (!AnswerSchema.TryCompile(Schema, assertFormats: true, out var check, out var error)) throw new UnreachableException(error.Message);
        _check = check;
    }

    /// <summary>The record's contract, made at the first use.</summary>
    /// <exception cref="InvalidOperationException">The record cannot be a contract; the message says why.</exception>
    public static TypedAnswer<T> Contract => Only.Value;

    /// <summary>Name of the schema in <c>response_format.json_schema.name</c>, such as <c>generate_answer</c>.</summary>
    public string Name { get; } = JsonNamingPolicy.SnakeCaseLower.ConvertName(typeof(T).Name);

    /// <summary>What goes into <c>response_format.json_schema.schema</c>, with <c>"strict": true</c>.</summary>
    public JsonElement Schema { get; }

    public IReadOnlyList<SchemaViolation> Check(string text) => TryRead(text, out _, out var violations) ? [] : violations;

    /// <summary>Whether the reply fits; then <paramref name="answer"/> is set, otherwise <paramref name="violations"/> is not empty.</summary>
    public bool TryRead(string text, [NotNullWhen(true)] out T? answer, out IReadOnlyList<SchemaViolation> violations)
    {
        violations = _check.Check(text);
        answer = violations.Count == 0 ? JsonSerializer.Deserialize(text, _type) : null;
        return answer is not null;
    }
}
