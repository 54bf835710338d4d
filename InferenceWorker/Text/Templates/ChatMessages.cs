using System.Text.Json;
using AiPlatform.InferenceWorker.Text.Jinja.Values;

namespace AiPlatform.InferenceWorker.Text.Templates;

/// <summary>
/// A request's messages as a template sees them. Roles are control text, because templates turn them into special tokens; everything else
/// in a message is content.
/// </summary>
internal static class ChatMessages
{
    private const string System = "system";
    private const string User = "user";

    private static readonly Dictionary<string, string> Roles = new()
    {
        [System] = System,
        ["developer"] = System,
        [User] = User,
        ["assistant"] = "assistant",
        ["tool"] = "tool",
        ["function"] = "function",
    };

    /// <param name="messages">The request's messages.</param>
    /// <param name="hasSystemRole">Whether the template writes system messages.</param>
    public static JinjaList Read(JsonElement messages, bool hasSystemRole)
    {
        if (messages.ValueKind != JsonValueKind.Array)
            throw new RenderException("messages is not an array");
        List<JinjaDict> read = [.. messages.EnumerateArray().Select(Read)];
        return new JinjaList([.. hasSystemRole ? read : WithoutSystem(read)]);
    }

    /// <summary>Makes messages of plain text.</summary>
    public static JinjaList Of(params ReadOnlySpan<(string Role, string Content)> messages)
    {
        var list = new List<object>();
        foreach ((string role, string content) in messages)
            list.Add(Message(role, JinjaText.Of(content, isContent: true)));
        return new JinjaList(list);
    }

    private static JinjaDict Message(string role, JinjaText content)
    {
        var message = new JinjaDict();
        message.Set(JinjaText.Control("role"), JinjaText.Control(role));
        message.Set(JinjaText.Control("content"), content);
        return message;
    }

    private static JinjaDict Read(JsonElement message)
    {
        if (message.ValueKind != JsonValueKind.Object || !message.TryGetProperty("role", out JsonElement given)
            || given.ValueKind != JsonValueKind.String)
        {
            throw new RenderException("a message is no object with a role");
        }

        var read = new JinjaDict();
        string name = given.GetString()!; // not null: the kind is String
        read.Set(
            JinjaText.Control("role"),
            Roles.TryGetValue(name, out string? role) ? JinjaText.Control(role) : JinjaText.Of(name, isContent: true));
        read.Set(JinjaText.Control("content"), Content(message));
        foreach (JsonProperty property in message.EnumerateObject())
        {
            if (property.Name is not ("role" or "content"))
                read.Set(JinjaText.Of(property.Name, isContent: true), PythonJson.Read(property.Value, isContent: true));
        }

        return read;
    }

    /// <summary>A message's content: text parts are joined by line breaks, and no content is an empty one.</summary>
    private static object Content(JsonElement message)
    {
        if (!message.TryGetProperty("content", out JsonElement content) || content.ValueKind == JsonValueKind.Null)
            return JinjaText.Empty;
        if (content.ValueKind != JsonValueKind.Array || !content.EnumerateArray().All(IsText))
            return PythonJson.Read(content, isContent: true);
        return JinjaText.Of(
            string.Join('\n', content.EnumerateArray().Select(part => part.GetProperty("text").GetString())), isContent: true);
    }

    private static bool IsText(JsonElement part) => part.ValueKind == JsonValueKind.Object
        && part.TryGetProperty("type", out JsonElement type) && type.ValueEquals("text")
        && part.TryGetProperty("text", out JsonElement text) && text.ValueKind == JsonValueKind.String;

    /// <summary>Puts the text of system messages before the text of the next user message.</summary>
    private static List<JinjaDict> WithoutSystem(List<JinjaDict> messages)
    {
        var kept = new List<JinjaDict>();
        JinjaText? said = null;
        foreach (JinjaDict message in messages)
        {
            string role = Text(message, "role").Value;
            if (role == System)
            {
                said = said is null ? Text(message, "content") : Joined(said, Text(message, "content"));
                continue;
            }

            if (said is not null && role == User)
            {
                message.Set(JinjaText.Control("content"), Joined(said, Text(message, "content")));
                said = null;
            }

            kept.Add(message);
        }

        if (said is not null)
            kept.Add(Message(User, said));
        return kept;
    }

    private static JinjaText Joined(JinjaText first, JinjaText second) =>
        first.Value.Length == 0 ? second : JinjaText.Concat(first, JinjaText.Of("\n\n", isContent: true), second);

    private static JinjaText Text(JinjaDict message, string name) =>
        message.TryGet(name, out object? value) ? PythonText.Str(value) : JinjaText.Empty;
}
