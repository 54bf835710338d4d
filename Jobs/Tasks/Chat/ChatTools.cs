using System.Text.Json;
using AiPlatform.Jobs.Payloads;
using AiPlatform.Jobs.Tasks.Generation;

namespace AiPlatform.Jobs.Tasks.Chat;

/// <summary>A function that an answer may call.</summary>
/// <param name="Index">Its place among the request's tools.</param>
/// <param name="Name">Its name: 1 to 64 characters of A-Z, a-z, 0-9, '_' and '-'.</param>
/// <param name="ParametersAt">The range of the JSON Schema of its arguments in the request's bytes; null where it takes none.</param>
public sealed record ChatTool(int Index, string Name, Range? ParametersAt);

/// <summary>What an answer does with the tools.</summary>
public enum ToolUse
{
    /// <summary>It calls none.</summary>
    None,

    /// <summary>It is a text, or calls.</summary>
    Auto,

    /// <summary>It is calls.</summary>
    Required,
}

/// <summary><c>tools</c>, <c>tool_choice</c> and <c>parallel_tool_calls</c> of a chat request, which may come in any order.</summary>
internal sealed class ChatTools
{
    /// <summary>OpenAI's limit.</summary>
    public const int MaxTools = 128;

    private static readonly string[] ToolFields = ["type", "function"];
    private static readonly string[] FunctionFields = ["name", "parameters", "description", "strict"];

    private readonly List<ChatTool> _tools = [];
    private ToolChoice? _choice;
    private bool? _isParallel;

    /// <summary>Whether an answer may have several calls.</summary>
    public bool IsParallel => _isParallel != false && _choice is not { IsOneCall: true };

    public ToolUse Use => _tools.Count == 0 ? ToolUse.None : _choice?.Use ?? ToolUse.Auto;

    /// <summary>The tools that may be called.</summary>
    public IReadOnlyList<ChatTool> Callable => Use == ToolUse.None ? []
        : _choice?.Names is not { } names ? _tools : _tools.FindAll(tool => names.Any(one => one.Name == tool.Name));

    /// <summary>What is wrong with the fields together.</summary>
    public InferenceError? Misfit()
    {
        if (_tools.Count == 0 && (_choice is { Use: ToolUse.Required } || _choice?.Names is not null))
        {
            return InferenceError.Invalid(
                ToolChoice.Field, "tool_choice asks for calls, and there are no tools to call: give tools.");
        }

        foreach (var (name, field) in _choice?.Names ?? [])
        {
            if (!_tools.Exists(tool => tool.Name == name))
                return InferenceError.Invalid(ToolChoice.Field, $"{field} names no tool of this request.");
        }

        return null;
    }

    /// <summary>Reads <c>parallel_tool_calls</c>.</summary>
    public InferenceError? ReadParallel(ref Utf8JsonReader value)
    {
        _isParallel = value.TokenType == JsonTokenType.True;
        return value.TokenType is JsonTokenType.True or JsonTokenType.False
            ? null : InferenceError.Invalid("parallel_tool_calls", "parallel_tool_calls must be true or false.");
    }

    /// <summary>Reads <c>tool_choice</c>.</summary>
    public InferenceError? ReadChoice(ref Utf8JsonReader value)
    {
        (_choice, var wrong) = ToolChoice.Read(ref value);
        return wrong;
    }

    /// <summary>Reads <c>tools</c>.</summary>
    public InferenceError? Read(ref Utf8JsonReader value)
    {
        if (value.TokenType != JsonTokenType.StartArray) return InferenceError.Invalid("tools", "tools must be an array.");

        HashSet<string> names = new(StringComparer.Ordinal);
        for (var i = 0; value.Read() && value.TokenType != JsonTokenType.EndArray; i++)
        {
            if (i == MaxTools) return InferenceError.Invalid("tools", $"tools has more than {MaxTools} tools.");
            if (ReadTool(i, ref value, out var tool) is { } wrong) return wrong;
            if (!names.Add(tool!.Name))
                return InferenceError.Invalid($"tools[{i}].function.name", $"tools[{i}].function.name is that of an earlier tool.");
            _tools.Add(tool);
        }

        return null;
    }

    /// <summary>Reads a tool. The reader is on its end after the call.</summary>
    private static InferenceError? ReadTool(int index, ref Utf8JsonReader value, out ChatTool? tool)
    {
        var place = $"tools[{index}]";
        tool = null;
        if (value.TokenType != JsonTokenType.StartObject) return InferenceError.Invalid(place, $"{place} must be an object.");

        var (seen, isFunction) = (0, false);
        while (value.Read() && value.TokenType == JsonTokenType.PropertyName)
        {
            var field = RequestJson.FieldOf(ref value, ToolFields);
            value.Read();
            if (field >= 0 && RequestJson.NoteField(ref seen, field, $"{place}.{ToolFields[field]}") is { } twice) return twice;
            if (field == 0) isFunction = value.TokenType == JsonTokenType.String && value.ValueTextEquals("function"u8);
            if (field == 1)
            {
                var inner = value;
                if (ReadFunction(index, ref inner, out tool) is { } wrong) return wrong;
            }

            value.Skip();
        }

        if (!isFunction) return InferenceError.Invalid($"{place}.type", $"{place}.type must be 'function'.");
        return tool is null ? InferenceError.Invalid($"{place}.function", $"{place}.function is missing.") : null;
    }

    private static InferenceError? ReadFunction(int index, ref Utf8JsonReader value, out ChatTool? tool)
    {
        var place = $"tools[{index}].function";
        tool = null;
        if (value.TokenType != JsonTokenType.StartObject) return InferenceError.Invalid(place, $"{place} must be an object.");

        var seen = 0;
        string? name = null;
        Range? parameters = null;
        while (value.Read() && value.TokenType == JsonTokenType.PropertyName)
        {
            var field = RequestJson.FieldOf(ref value, FunctionFields);
            value.Read();
            if (field >= 0 && RequestJson.NoteField(ref seen, field, $"{place}.{FunctionFields[field]}") is { } twice) return twice;
            var start = (int)value.TokenStartIndex;
            var inner = value;
            value.Skip();
            var wrong = field switch
            {
                0 => RequestJson.TryReadText(ref inner, out name) && FieldValues.Name.IsMatch(name) ? null
                    : "must have 1 to 64 characters of A-Z, a-z, 0-9, '_' and '-'",
                1 => inner.TokenType == JsonTokenType.Null ? null : CheckParameters(ref inner),
                2 => inner.TokenType == JsonTokenType.Null || RequestJson.IsText(ref inner) ? null : "must be a string",
                _ => null,
            };
            if (wrong is not null)
                return InferenceError.Invalid($"{place}.{FunctionFields[field]}", $"{place}.{FunctionFields[field]} {wrong}.");
            if (field == 1 && inner.TokenType != JsonTokenType.Null) parameters = start..(int)value.BytesConsumed;
        }

        if (name is null) return InferenceError.Invalid($"{place}.name", $"{place}.name is missing.");
        tool = new ChatTool(index, name, parameters);
        return null;
    }

    /// <summary>Arguments are an object.</summary>
    private static string? CheckParameters(ref Utf8JsonReader value)
    {
        const string Wrong = "must be a JSON Schema of the type 'object'";
        if (value.TokenType != JsonTokenType.StartObject) return Wrong;
        while (value.Read() && value.TokenType == JsonTokenType.PropertyName)
        {
            var isType = value.ValueTextEquals("type"u8);
            value.Read();
            if (isType && !(value.TokenType == JsonTokenType.String && value.ValueTextEquals("object"u8))) return Wrong;
            value.Skip();
        }

        return null;
    }
}
