using System.Diagnostics;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using AiPlatform.ServiceDefaults.Telemetry;

namespace AiPlatform.Jobs.Telemetry;

/// <summary>
/// Writes the text of a chat or completion into its span, in the form of OpenTelemetry's GenAI conventions. It does so only where that is
/// wanted (<see cref="TelemetrySources.WantsContent"/>), because traces then have what people wrote.
/// </summary>
public static class MessageContent
{
    /// <summary>A longer request or answer is left out.</summary>
    private const int MostBytes = 128 * 1024;

    private static readonly JsonSerializerOptions Readable = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <param name="activity">The span.</param>
    /// <param name="request">The request's JSON, in OpenAI's dialect.</param>
    /// <param name="answer">The whole answer's; empty when there is none.</param>
    public static void Describe(Activity? activity, ReadOnlyMemory<byte> request, ReadOnlyMemory<byte> answer)
    {
        if (activity is null || !TelemetrySources.WantsContent) return;
        if (Read(request, Input) is { Count: > 0 } input) activity.SetTag("gen_ai.input.messages", input.ToJsonString(Readable));
        if (Read(answer, Output) is { Count: > 0 } output) activity.SetTag("gen_ai.output.messages", output.ToJsonString(Readable));
    }

    private static JsonArray? Read(ReadOnlyMemory<byte> json, Func<JsonElement, JsonArray> take)
    {
        if (json.Length is 0 or > MostBytes) return null;
        try
        {
            using var document = JsonDocument.Parse(json);
            return take(document.RootElement);
        }
        catch (Exception unreadable) when (unreadable is JsonException or InvalidOperationException)
        {
            return null;
        }
    }

    private static JsonArray Input(JsonElement request)
    {
        if (request.TryGetProperty("messages", out var messages)) return [.. messages.EnumerateArray().Select(Message)];
        if (!request.TryGetProperty("prompt", out var prompt)) return [];
        return prompt.ValueKind == JsonValueKind.Array
            ? [.. prompt.EnumerateArray().Where(IsText).Select(one => Message("user", [Text(one)]))]
            : IsText(prompt) ? [Message("user", [Text(prompt)])] : [];
    }

    private static JsonArray Output(JsonElement answer)
    {
        if (!answer.TryGetProperty("choices", out var choices)) return [];
        var messages = new JsonArray();
        foreach (var choice in choices.EnumerateArray())
        {
            var message = choice.TryGetProperty("message", out var chat) ? Message(chat)
                : Message("assistant", choice.TryGetProperty("text", out var text) && IsText(text) ? [Text(text)] : []);
            if (choice.TryGetProperty("finish_reason", out var reason) && IsText(reason)) message["finish_reason"] = reason.GetString();
            messages.Add(message);
        }

        return messages;
    }

    private static JsonObject Message(JsonElement message)
    {
        var role = message.TryGetProperty("role", out var named) && IsText(named) ? named.GetString()! : "user";
        var parts = new JsonArray();
        if (message.TryGetProperty("content", out var content)) AddContent(parts, message, role, content);
        if (message.TryGetProperty("tool_calls", out var calls) && calls.ValueKind == JsonValueKind.Array)
            foreach (var call in calls.EnumerateArray()) parts.Add(Call(call));
        return Message(role, parts);
    }

    private static void AddContent(JsonArray parts, JsonElement message, string role, JsonElement content)
    {
        if (IsText(content) && role == "tool")
        {
            parts.Add(new JsonObject
            {
                ["type"] = "tool_call_response",
                ["id"] = message.TryGetProperty("tool_call_id", out var id) && IsText(id) ? id.GetString() : null,
                ["response"] = content.GetString(),
            });
        }
        else if (IsText(content))
        {
            parts.Add(Text(content));
        }
        else if (content.ValueKind == JsonValueKind.Array)
        {
            foreach (var part in content.EnumerateArray()) parts.Add(Part(part));
        }
    }

    /// <summary>Of a part that is no text, such as a picture, only its kind is told.</summary>
    private static JsonObject Part(JsonElement part)
    {
        if (part.TryGetProperty("text", out var text) && IsText(text)) return Text(text);
        return new JsonObject { ["type"] = part.TryGetProperty("type", out var kind) && IsText(kind) ? kind.GetString() : "unknown" };
    }

    private static JsonObject Call(JsonElement call)
    {
        var function = call.GetProperty("function");
        return new JsonObject
        {
            ["type"] = "tool_call",
            ["id"] = call.TryGetProperty("id", out var id) && IsText(id) ? id.GetString() : null,
            ["name"] = function.GetProperty("name").GetString(),
            ["arguments"] = function.TryGetProperty("arguments", out var arguments) && IsText(arguments) ? arguments.GetString() : null,
        };
    }

    private static JsonObject Message(string role, JsonArray parts) => new() { ["role"] = role, ["parts"] = parts };

    private static JsonObject Text(JsonElement text) => new() { ["type"] = "text", ["content"] = text.GetString() };

    private static bool IsText(JsonElement element) => element.ValueKind == JsonValueKind.String;
}
