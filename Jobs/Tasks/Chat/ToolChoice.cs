using System.Text.Json;
using AiPlatform.Jobs.Payloads;

namespace AiPlatform.Jobs.Tasks.Chat;

/// <summary><c>tool_choice</c> of a chat request.</summary>
internal sealed record ToolChoice
{
    public const string Field = "tool_choice";

    private const string FunctionName = $"{Field}.function.name";
    private const string Allowed = $"{Field}.allowed_tools";
    private const string Message =
        $"{Field} must be 'none', 'auto', 'required', {{\"type\":\"function\",\"function\":{{\"name\":\"…\"}}}}, or "
        + "{\"type\":\"allowed_tools\",\"allowed_tools\":{\"mode\":\"…\",\"tools\":[…]}}.";

    private static readonly string[] Fields = ["type", "function", "allowed_tools"];
    private static readonly string[] AllowedFields = ["mode", "tools"];
    private static readonly string[] ToolFields = ["type", "function"];

    public required ToolUse Use { get; init; }

    /// <summary>The names of the tools that may be called, each with its field; null for all tools.</summary>
    public IReadOnlyList<(string Name, string Field)>? Names { get; init; }

    /// <summary>Whether one function must be called, and no other beside it.</summary>
    public bool IsOneCall { get; init; }

    /// <summary>Reads the field. Exactly one of the two is set.</summary>
    public static (ToolChoice? Choice, InferenceError? Error) Read(ref Utf8JsonReader value)
    {
        if (value.TokenType == JsonTokenType.String)
        {
            return UseOf(ref value) is { } use ? (new ToolChoice { Use = use }, null)
                : value.ValueTextEquals("none"u8) ? (new ToolChoice { Use = ToolUse.None }, null) : (null, Wrong(Field, Message));
        }

        if (value.TokenType != JsonTokenType.StartObject) return (null, Wrong(Field, Message));
        var seen = 0;
        string? type = null;
        string? name = null;
        ToolChoice? allowed = null;
        while (value.Read() && value.TokenType == JsonTokenType.PropertyName)
        {
            var field = RequestJson.FieldOf(ref value, Fields);
            value.Read();
            if (field >= 0 && RequestJson.NoteField(ref seen, field, $"{Field}.{Fields[field]}") is { } twice) return (null, twice);
            var inner = value;
            InferenceError? wrong = null;
            if (field == 0) RequestJson.TryReadText(ref inner, out type);
            if (field == 1) wrong = ReadFunction(ref inner, $"{Field}.function", out name);
            if (field == 2) wrong = ReadAllowed(ref inner, out allowed);
            if (wrong is not null) return (null, wrong);
            value.Skip();
        }

        return type switch
        {
            "function" when name is not null =>
                (new ToolChoice { Use = ToolUse.Required, Names = [(name, FunctionName)], IsOneCall = true }, null),
            "function" => (null, Wrong(FunctionName, $"{FunctionName} is missing.")),
            "allowed_tools" when allowed is not null => (allowed, null),
            "allowed_tools" => (null, Wrong(Allowed, $"{Allowed} is missing: give a mode and tools.")),
            _ => (null, Wrong($"{Field}.type", $"{Field}.type must be 'function' or 'allowed_tools'.")),
        };
    }

    private static ToolUse? UseOf(ref Utf8JsonReader value) =>
        value.TokenType != JsonTokenType.String ? null
        : value.ValueTextEquals("auto"u8) ? ToolUse.Auto
        : value.ValueTextEquals("required"u8) ? ToolUse.Required : null;

    private static InferenceError? ReadAllowed(ref Utf8JsonReader value, out ToolChoice? allowed)
    {
        allowed = null;
        if (value.TokenType != JsonTokenType.StartObject) return Wrong(Allowed, $"{Allowed} must be an object.");
        var seen = 0;
        ToolUse? mode = null;
        List<(string, string)> names = [];
        while (value.Read() && value.TokenType == JsonTokenType.PropertyName)
        {
            var field = RequestJson.FieldOf(ref value, AllowedFields);
            value.Read();
            if (field >= 0 && RequestJson.NoteField(ref seen, field, $"{Allowed}.{AllowedFields[field]}") is { } twice) return twice;
            var inner = value;
            if (field == 0) mode = UseOf(ref inner);
            if (field == 1 && ReadTools(ref inner, names) is { } wrong) return wrong;
            value.Skip();
        }

        if (mode is null) return Wrong($"{Allowed}.mode", $"{Allowed}.mode must be 'auto' or 'required'.");
        if (names.Count == 0) return Wrong($"{Allowed}.tools", $"{Allowed}.tools must be an array with one tool or more.");
        allowed = new ToolChoice { Use = mode.Value, Names = names };
        return null;
    }

    private static InferenceError? ReadTools(ref Utf8JsonReader value, List<(string, string)> names)
    {
        if (value.TokenType != JsonTokenType.StartArray) return Wrong($"{Allowed}.tools", $"{Allowed}.tools must be an array.");
        for (var i = 0; value.Read() && value.TokenType != JsonTokenType.EndArray; i++)
        {
            var place = $"{Allowed}.tools[{i}]";
            if (i == ChatTools.MaxTools) return Wrong($"{Allowed}.tools", $"{Allowed}.tools has more than {ChatTools.MaxTools} tools.");
            if (value.TokenType != JsonTokenType.StartObject) return Wrong(place, $"{place} must be an object.");
            var (seen, isFunction) = (0, false);
            string? name = null;
            while (value.Read() && value.TokenType == JsonTokenType.PropertyName)
            {
                var field = RequestJson.FieldOf(ref value, ToolFields);
                value.Read();
                if (field >= 0 && RequestJson.NoteField(ref seen, field, $"{place}.{ToolFields[field]}") is { } twice) return twice;
                if (field == 0) isFunction = value.TokenType == JsonTokenType.String && value.ValueTextEquals("function"u8);
                var inner = value;
                if (field == 1 && ReadFunction(ref inner, $"{place}.function", out name) is { } wrong) return wrong;
                value.Skip();
            }

            if (!isFunction) return Wrong($"{place}.type", $"{place}.type must be 'function'.");
            if (name is null) return Wrong($"{place}.function.name", $"{place}.function.name is missing.");
            names.Add((name, $"{place}.function.name"));
        }

        return null;
    }

    private static InferenceError? ReadFunction(ref Utf8JsonReader value, string place, out string? name)
    {
        name = null;
        if (value.TokenType != JsonTokenType.StartObject) return Wrong(place, $"{place} must be an object.");
        var seen = 0;
        while (value.Read() && value.TokenType == JsonTokenType.PropertyName)
        {
            var isName = value.ValueTextEquals("name"u8);
            value.Read();
            if (isName && RequestJson.NoteField(ref seen, 0, $"{place}.name") is { } twice) return twice;
            if (isName && !RequestJson.TryReadText(ref value, out name)) return Wrong($"{place}.name", $"{place}.name must be a string.");
            value.Skip();
        }

        return null;
    }

    private static InferenceError Wrong(string field, string message) => InferenceError.Invalid(field, message);
}
