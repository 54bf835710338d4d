using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using AiPlatform.InferenceWorker.Text;
using AiPlatform.InferenceWorker.Text.Templates;
using AiPlatform.Jobs.Tasks.Chat;

namespace AiPlatform.InferenceWorker.Tasks.Chat;

/// <summary>
/// Shows a model tools, calls and what they gave. A template that knows the form of <see cref="ToolCallForm"/> does it by itself. For any
/// other template the tools become a part of the system message, calls become text, and what they gave becomes a user's message.
/// </summary>
internal static class ToolMessages
{
    private const string Tool = "tool";
    private const string Calls = "tool_calls";
    private const string Content = "content";
    private const string Role = "role";

    private static readonly JsonSerializerOptions Readable = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Whether there are calls, or what they gave.</summary>
    public static bool AreIn(JsonElement messages) => messages.EnumerateArray().Any(
        message => message.TryGetProperty(Calls, out _) || (message.TryGetProperty(Role, out var role) && role.ValueEquals(Tool)));

    /// <summary>Renders a chat with tools.</summary>
    /// <param name="template">The model's template.</param>
    /// <param name="messages">Valid messages of a request.</param>
    /// <param name="tools">The tools that may be called, as in a request.</param>
    /// <param name="addsGenerationPrompt">Whether the prompt ends where the assistant's answer begins.</param>
    /// <exception cref="ChatTemplateRenderException">The template refuses the messages, or fails on them.</exception>
    public static IReadOnlyList<PromptSegment> Render(
        ChatTemplate template, JsonElement messages, IReadOnlyList<JsonElement> tools, bool addsGenerationPrompt)
    {
        var hasForm = template.HasToolForm;
        var said = JsonNode.Parse(messages.GetRawText())!.AsArray();
        List<JsonObject> written = hasForm ? [.. said.Select(WithArguments)] : AsText(said, tools);
        using var document = JsonSerializer.SerializeToDocument(written, Readable);
        using var shown = JsonSerializer.SerializeToDocument(tools, Readable);
        return template.Render(document.RootElement, hasForm && tools.Count > 0 ? shown.RootElement : null, addsGenerationPrompt);
    }

    /// <summary>The system text that tells a model of its tools.</summary>
    public static string SystemText(IEnumerable<JsonElement> tools) => $$"""
        You can call these functions:
        {{string.Join('\n', tools.Select(tool => FunctionOf(tool.GetProperty("function"))))}}
        To call one, answer with nothing but the call:
        {{ToolCallForm.Write("name", "{}")}}
        """;

    /// <summary>Templates write arguments as JSON, so they get them as values.</summary>
    private static JsonObject WithArguments(JsonNode? message)
    {
        var copy = message!.DeepClone().AsObject();
        foreach (var call in copy[Calls] as JsonArray ?? [])
            if (call?["function"] is JsonObject function) function["arguments"] = ArgumentsOf(function);
        return copy;
    }

    private static List<JsonObject> AsText(JsonArray messages, IReadOnlyList<JsonElement> tools)
    {
        List<JsonObject> written = [];
        var isResult = false;
        foreach (var message in messages)
        {
            var copy = message!.DeepClone().AsObject();
            var wasResult = isResult;
            isResult = (string?)copy[Role] == Tool;
            if (copy[Calls] is JsonArray calls)
            {
                copy.Remove(Calls);
                copy[Content] = string.Join('\n', TextsOf(copy[Content]).Concat(calls.Select(WriteCall)));
            }

            if (isResult)
            {
                var result = $"<tool_response>\n{string.Join('\n', TextsOf(copy[Content]))}\n</tool_response>";
                if (wasResult)
                {
                    written[^1][Content] = $"{(string?)written[^1][Content]}\n{result}";
                    continue;
                }

                copy = new JsonObject { [Role] = "user", [Content] = result };
            }

            written.Add(copy);
        }

        if (tools.Count > 0) AddSystem(written, SystemText(tools));
        return written;
    }

    private static void AddSystem(List<JsonObject> messages, string text)
    {
        if (messages is [{ } first, ..] && (string?)first[Role] is "system" or "developer")
            first[Content] = $"{string.Join('\n', TextsOf(first[Content]))}\n\n{text}";
        else
            messages.Insert(0, new JsonObject { [Role] = "system", [Content] = text });
    }

    private static string WriteCall(JsonNode? call)
    {
        var function = call!["function"]!.AsObject();
        return ToolCallForm.Write((string?)function["name"] ?? "", ArgumentsOf(function).ToJsonString(Readable));
    }

    /// <summary>The arguments as a value; what is not JSON of whole characters stays a text.</summary>
    private static JsonNode ArgumentsOf(JsonObject function)
    {
        var text = (string?)function["arguments"] ?? "";
        try
        {
            var value = JsonNode.Parse(text) ?? JsonValue.Create(text);
            // A node is read when it is written: only then half of a surrogate pair throws.
            value.ToJsonString(Readable);
            return value;
        }
        catch (Exception unreadable) when (unreadable is JsonException or InvalidOperationException)
        {
            return JsonValue.Create(text);
        }
    }

    private static string FunctionOf(JsonElement function)
    {
        var shown = new JsonObject { ["name"] = function.GetProperty("name").GetString() };
        foreach (var name in (string[])["description", "parameters"])
            if (function.TryGetProperty(name, out var value)) shown[name] = JsonNode.Parse(value.GetRawText());
        return shown.ToJsonString(Readable);
    }

    /// <summary>The texts of a content, which is a string, parts, or null.</summary>
    private static IEnumerable<string> TextsOf(JsonNode? content) => content switch
    {
        null => [],
        JsonArray parts => parts.Select(part => (string?)part?["text"] ?? ""),
        _ => [(string?)content ?? ""],
    };
}
