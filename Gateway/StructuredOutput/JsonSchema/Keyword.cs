using System.Text.Json;
using System.Text.Json.Nodes;
using AiPlatform.Grammars.JsonSchema.Numbers;

namespace AiPlatform.Gateway.StructuredOutput.JsonSchema;

/// <summary>A keyword of a schema while it is compiled.</summary>
/// <param name="Name">The keyword's name, such as <c>minLength</c>.</param>
/// <param name="Value">Its value; null for JSON's null.</param>
/// <param name="Owner">The schema that has it.</param>
/// <param name="Node">The compiled form of that schema.</param>
/// <param name="Compiler">Compiles its parts.</param>
internal sealed record Keyword(string Name, JsonNode? Value, JsonObject Owner, SchemaNode Node, SchemaCompiler Compiler)
{
    /// <summary>Another keyword of the same schema; null when it is missing.</summary>
    public Keyword? Beside(string name) => Owner.TryGetPropertyValue(name, out var value) ? this with { Name = name, Value = value } : null;

    /// <summary>Whether the keyword is the first of several keywords that are compiled together.</summary>
    public bool IsFirstOf(params ReadOnlySpan<string> names)
    {
        foreach (var name in names)
            if (Owner.ContainsKey(name)) return name == Name;
        return false;
    }

    /// <summary>Its value as a whole number of 0 or more.</summary>
    public int Count() =>
        TryReadNumber(out var value, out var number) && number is { IsInteger: true, Sign: >= 0 }
            ? value.TryGetDouble(out var count) && count < int.MaxValue ? (int)count : int.MaxValue
            : throw Wrong("must be a whole number of 0 or more");

    public ExactNumber Number() =>
        TryReadNumber(out _, out var number) ? number : throw Wrong("must be a number of at most 1,000 digits");

    public string Text() => TextOf(Value) ?? throw Wrong("must be a string");

    public bool Flag() => ElementOf(Value).ValueKind switch
    {
        JsonValueKind.True => true,
        JsonValueKind.False => false,
        _ => throw Wrong("must be true or false"),
    };

    public IReadOnlyList<string> Texts() =>
        Value is JsonArray all ? [.. all.Select(one => TextOf(one) ?? throw Wrong("must be an array of strings"))]
            : throw Wrong("must be an array of strings");

    /// <summary>The schema that is its value, which applies to another value than the schema that has the keyword.</summary>
    public SchemaNode Schema() => Compiler.NodeOf(Value, this);

    public IReadOnlyList<SchemaNode> Schemas() =>
        Value is JsonArray { Count: > 0 } all ? [.. all.Select(one => Compiler.NodeOf(one, this))]
            : throw Wrong("must be an array of schemas, at least one");

    public IReadOnlyDictionary<string, SchemaNode> NamedSchemas() =>
        Named().ToDictionary(one => one.Key, one => Compiler.NodeOf(one.Value, this));

    public JsonObject Named() => Value as JsonObject ?? throw Wrong("must be an object");

    /// <summary>Its value as JSON.</summary>
    public JsonElement Element() => ElementOf(Value);

    /// <summary>Makes an error that names its place and what is wrong with it.</summary>
    public SchemaException Wrong(string message) => new($"{SchemaException.PlaceOf(Owner)}.{Checking.Shortened(Name)} {message}.");

    private bool TryReadNumber(out JsonElement value, out ExactNumber number)
    {
        value = ElementOf(Value);
        number = default;
        if (value.ValueKind != JsonValueKind.Number) return false;
        Compiler.Budget.Spend(ExactNumber.StepsOf(Checking.LengthOf(value)));
        return ExactNumber.TryParse(value, out number);
    }

    private static JsonElement ElementOf(JsonNode? value) =>
        value is null ? JsonSerializer.SerializeToElement<string?>(null) : JsonSerializer.SerializeToElement(value);

    private static string? TextOf(JsonNode? value) => value?.GetValueKind() == JsonValueKind.String ? value.GetValue<string>() : null;
}
