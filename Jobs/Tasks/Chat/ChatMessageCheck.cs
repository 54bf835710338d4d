using System.Text.Json;
using AiPlatform.Jobs.Payloads;

namespace AiPlatform.Jobs.Tasks.Chat;

/// <summary>Checks the messages of a chat request: their roles must be known, and their contents must be text.</summary>
internal static class ChatMessageCheck
{
    private static readonly string[] Roles = ["system", "developer", "user", "assistant", "tool", "function"];
    private static readonly string[] MessageFields = ["role", "content", "tool_calls", "tool_call_id"];
    private static readonly string[] PartFields = ["type", "text"];
    private static readonly string[] CallFields = ["id", "type", "function"];
    private static readonly string[] FunctionFields = ["name", "arguments"];

    /// <summary>Checks the value of <c>messages</c> that the reader is on, which is not null.</summary>
    public static InferenceError? Read(ref Utf8JsonReader value)
    {
        if (value.TokenType != JsonTokenType.StartArray)
            return InferenceError.Invalid("messages", "messages must be an array of messages.");

        var count = 0;
        for (; value.Read() && value.TokenType != JsonTokenType.EndArray; count++)
            if (ReadMessage($"messages[{count}]", ref value) is { } wrong) return wrong;
        return count == 0 ? InferenceError.Invalid("messages", "messages is empty: give at least one message.") : null;
    }

    private static InferenceError? ReadMessage(string name, ref Utf8JsonReader value)
    {
        if (value.TokenType != JsonTokenType.StartObject) return InferenceError.Invalid(name, $"{name} must be an object.");

        var seen = 0;
        string? role = null;
        var (hasContent, hasCallId, hasCalls) = (false, false, false);
        while (value.Read() && value.TokenType == JsonTokenType.PropertyName)
        {
            var field = RequestJson.FieldOf(ref value, MessageFields);
            value.Read();
            if (field >= 0 && RequestJson.NoteField(ref seen, field, $"{name}.{MessageFields[field]}") is { } twice) return twice;
            if (field == 0)
            {
                if (!RequestJson.TryReadText(ref value, out role) || !Roles.Contains(role))
                    return InferenceError.Invalid($"{name}.role", $"{name}.role must be one of: {string.Join(", ", Roles)}.");
            }
            else if (field == 1 && value.TokenType != JsonTokenType.Null)
            {
                hasContent = true;
                if (ReadContent($"{name}.content", ref value) is { } wrong) return wrong;
            }
            else if (field == 2 && value.TokenType != JsonTokenType.Null)
            {
                hasCalls = true;
                if (ReadCalls($"{name}.tool_calls", ref value) is { } wrong) return wrong;
            }
            else if (field == 3 && value.TokenType != JsonTokenType.Null)
            {
                hasCallId = true;
                if (CheckText($"{name}.tool_call_id", ref value) is { } wrong) return wrong;
            }

            value.Skip();
        }

        if (role is null) return InferenceError.Invalid($"{name}.role", $"{name}.role is missing.");
        if (role == "tool" && !hasCallId)
        {
            return InferenceError.Invalid(
                $"{name}.tool_call_id", $"{name}.tool_call_id is missing: give the id of the call that this answers.");
        }

        if (hasCalls && role != "assistant")
            return InferenceError.Invalid($"{name}.tool_calls", $"{name}.tool_calls is for the role 'assistant'.");
        return hasContent || role == "assistant"
            ? null : InferenceError.Invalid($"{name}.content", $"{name}.content is missing: give a string, or parts of text.");
    }

    /// <summary>Checks the calls of an assistant's message. The reader is on their end after the call.</summary>
    private static InferenceError? ReadCalls(string name, ref Utf8JsonReader value)
    {
        if (value.TokenType != JsonTokenType.StartArray) return InferenceError.Invalid(name, $"{name} must be an array of calls.");
        for (var i = 0; value.Read() && value.TokenType != JsonTokenType.EndArray; i++)
            if (ReadCall($"{name}[{i}]", ref value) is { } wrong) return wrong;
        return null;
    }

    private static InferenceError? ReadCall(string name, ref Utf8JsonReader value)
    {
        if (value.TokenType != JsonTokenType.StartObject) return InferenceError.Invalid(name, $"{name} must be an object.");
        var (seen, hasId, hasFunction) = (0, false, false);
        while (value.Read() && value.TokenType == JsonTokenType.PropertyName)
        {
            var field = RequestJson.FieldOf(ref value, CallFields);
            value.Read();
            if (field >= 0 && RequestJson.NoteField(ref seen, field, $"{name}.{CallFields[field]}") is { } twice) return twice;
            if (field == 0)
            {
                hasId = true;
                if (CheckText($"{name}.id", ref value) is { } wrong) return wrong;
            }
            else if (field == 1 && !(value.TokenType == JsonTokenType.String && value.ValueTextEquals("function"u8)))
            {
                return InferenceError.Invalid($"{name}.type", $"{name}.type must be 'function'.");
            }
            else if (field == 2)
            {
                hasFunction = true;
                if (ReadFunction($"{name}.function", ref value) is { } wrong) return wrong;
            }

            value.Skip();
        }

        if (!hasId) return InferenceError.Invalid($"{name}.id", $"{name}.id is missing.");
        return hasFunction ? null : InferenceError.Invalid($"{name}.function", $"{name}.function is missing.");
    }

    private static InferenceError? ReadFunction(string name, ref Utf8JsonReader value)
    {
        if (value.TokenType != JsonTokenType.StartObject) return InferenceError.Invalid(name, $"{name} must be an object.");
        var seen = 0;
        while (value.Read() && value.TokenType == JsonTokenType.PropertyName)
        {
            var field = RequestJson.FieldOf(ref value, FunctionFields);
            value.Read();
            if (field >= 0 && RequestJson.NoteField(ref seen, field, $"{name}.{FunctionFields[field]}") is { } twice) return twice;
            if (field >= 0 && CheckText($"{name}.{FunctionFields[field]}", ref value) is { } wrong) return wrong;
            value.Skip();
        }

        var missing = (seen & 1) == 0 ? "name" : (seen & 2) == 0 ? "arguments" : null;
        return missing is null ? null : InferenceError.Invalid($"{name}.{missing}", $"{name}.{missing} is missing.");
    }

    /// <summary>Checks a content. The reader is on its end after the call.</summary>
    private static InferenceError? ReadContent(string name, ref Utf8JsonReader value)
    {
        if (value.TokenType == JsonTokenType.String) return CheckText(name, ref value);
        if (value.TokenType != JsonTokenType.StartArray)
            return InferenceError.Invalid(name, $"{name} must be a string, or an array of parts of text.");

        for (var i = 0; value.Read() && value.TokenType != JsonTokenType.EndArray; i++)
            if (ReadPart($"{name}[{i}]", ref value) is { } wrong) return wrong;
        return null;
    }

    private static InferenceError? ReadPart(string name, ref Utf8JsonReader value)
    {
        if (value.TokenType != JsonTokenType.StartObject) return InferenceError.Invalid(name, $"{name} must be an object.");

        var (seen, isText, hasText) = (0, false, false);
        while (value.Read() && value.TokenType == JsonTokenType.PropertyName)
        {
            var field = RequestJson.FieldOf(ref value, PartFields);
            value.Read();
            if (field >= 0 && RequestJson.NoteField(ref seen, field, $"{name}.{PartFields[field]}") is { } twice) return twice;
            if (field == 0) isText = value.TokenType == JsonTokenType.String && value.ValueTextEquals("text"u8);
            if (field == 1)
            {
                hasText = true;
                if (CheckText($"{name}.text", ref value) is { } wrong) return wrong;
            }

            value.Skip();
        }

        if (!isText) return InferenceError.Invalid($"{name}.type", $"{name}.type must be 'text': the model reads nothing else.");
        return hasText ? null : InferenceError.Invalid($"{name}.text", $"{name}.text is missing.");
    }

    private static InferenceError? CheckText(string name, ref Utf8JsonReader value) => RequestJson.IsText(ref value)
        ? null : InferenceError.Invalid(name, $"{name} must be a string of valid Unicode.");
}
