using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using AiPlatform.Jobs.Tasks.Generation;

namespace AiPlatform.Jobs.Tasks.Chat;

/// <summary>
/// How a model of our own workers writes calls, and the grammar that holds it to that. The form is that of many chat templates:
/// <code>
/// &lt;tool_call&gt;
/// {"name": "weather", "arguments": {"city":"Oslo"}}
/// &lt;/tool_call&gt;
/// </code>
/// An answer is a text or calls. A text does not begin with <see cref="Mark"/>.
/// </summary>
public static class ToolCallForm
{
    /// <summary>What calls begin with, and texts do not.</summary>
    public const string Mark = "<tool_call>";

    /// <summary>What stands before the name.</summary>
    public const string BeforeName = Mark + "\n{\"name\": \"";

    /// <summary>What stands between the name and the arguments, which are a JSON object.</summary>
    public const string BeforeArguments = "\", \"arguments\": ";

    /// <summary>What stands behind the arguments.</summary>
    public const string AfterArguments = "}\n</tool_call>";

    /// <summary>What stands between two calls.</summary>
    public const string BetweenCalls = "\n";

    /// <summary>A model that begins a call again and again comes to an end.</summary>
    private const int MaxCalls = 16;

    private const string NoArguments = """{"type":"object","properties":{},"additionalProperties":false}""";

    /// <summary>Fields of a schema that say more of an object's names than <c>properties</c> does.</summary>
    private static readonly string[] Opening =
    [
        "additionalProperties", "patternProperties", "propertyNames", "minProperties", "allOf", "anyOf", "oneOf", "not", "if", "$ref",
        "$dynamicRef", "dependentSchemas", "dependentRequired", "dependencies", "unevaluatedProperties",
    ];

    /// <summary>A call as text, such as a template shows it.</summary>
    /// <param name="name">The function's name.</param>
    /// <param name="arguments">Its arguments, a JSON object.</param>
    public static string Write(string name, string arguments) => BeforeName + name + BeforeArguments + arguments + AfterArguments;

    /// <summary>The grammar of an answer that may have calls.</summary>
    /// <param name="tools">The tools that can be called; at least one.</param>
    /// <param name="use">Whether the answer may be a text, too.</param>
    /// <param name="isParallel">Whether it may have several calls.</param>
    /// <param name="format">The JSON Schema of a text; null where it is free.</param>
    /// <param name="body">The request's bytes.</param>
    internal static AnswerGrammar GrammarOf(
        IReadOnlyList<ChatTool> tools, ToolUse use, bool isParallel, AnswerGrammar? format, ReadOnlySpan<byte> body)
    {
        var rules = new StringBuilder(use == ToolUse.Required ? "start: calls\n" : "start: text | calls\n");
        if (use != ToolUse.Required) rules.Append("text: ").Append(format is null ? FreeText() : $"%json {format.Text}").Append('\n');
        var more = isParallel ? $" ({Quoted(BetweenCalls)} call) ~ 0..{MaxCalls - 1}" : "";
        rules.Append("calls: call").Append(more).Append('\n');
        rules.Append(CultureInfo.InvariantCulture, $"call: {Quoted(BeforeName)} one {Quoted(AfterArguments)}\none:");
        for (var i = 0; i < tools.Count; i++)
            rules.Append(CultureInfo.InvariantCulture, $" {(i > 0 ? "| " : "")}{Quoted(tools[i].Name + BeforeArguments)} args{i}");
        rules.Append('\n');
        for (var i = 0; i < tools.Count; i++)
            rules.Append(CultureInfo.InvariantCulture, $"args{i}: %json {SchemaOf(tools[i], body)}\n");
        return new AnswerGrammar(AnswerGrammarKind.Rules, rules.ToString());
    }

    /// <summary>
    /// The schema of a tool's arguments, which are an object, and have no more than the declared names where the schema leaves that open.
    /// </summary>
    /// <param name="tool">The tool.</param>
    /// <param name="body">The request's bytes.</param>
    public static string SchemaOf(ChatTool tool, ReadOnlySpan<byte> body)
    {
        if (tool.ParametersAt is not { } at) return NoArguments;

        var schema = body[at];
        var reader = new Utf8JsonReader(schema);
        reader.Read();
        var (hasType, hasNames, isOpen, isEmpty) = (false, false, false, true);
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            isEmpty = false;
            hasType |= reader.ValueTextEquals("type"u8);
            hasNames |= reader.ValueTextEquals("properties"u8);
            foreach (var field in Opening) isOpen |= reader.ValueTextEquals(field);
            reader.Read();
            reader.Skip();
        }

        if (isEmpty) return NoArguments;
        var type = hasType ? "" : "\"type\":\"object\",";
        var closed = hasNames && !isOpen ? "\"additionalProperties\":false," : "";
        return $"{{{type}{closed}{Encoding.UTF8.GetString(schema[1..])}";
    }

    /// <summary>A pattern of the texts that do not begin with <see cref="Mark"/>: each leaves it at a character, or ends in it.</summary>
    private static string FreeText()
    {
        List<string> leaves = [];
        var ends = "";
        for (var i = 0; i < Mark.Length; i++) leaves.Add($"{Mark[..i]}[^{Mark[i]}]");
        for (var i = Mark.Length - 2; i >= 0; i--) ends = $"(?:{Mark[i]}{ends})?";
        return $"/(?:{string.Join('|', leaves)})[\\s\\S]*|{ends}/";
    }

    private static string Quoted(string text) => $"\"{JavaScriptEncoder.UnsafeRelaxedJsonEscaping.Encode(text)}\"";
}
