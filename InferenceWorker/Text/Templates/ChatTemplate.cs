using System.Text.Json;
using AiPlatform.InferenceWorker.Text.Jinja.Parsing;
using AiPlatform.InferenceWorker.Text.Jinja.Rendering;
using AiPlatform.InferenceWorker.Text.Jinja.Values;

namespace AiPlatform.InferenceWorker.Text.Templates;

/// <summary>
/// A model's chat template. It turns a chat's messages into the prompt form that the model was trained with, as Hugging Face
/// <c>transformers</c> does. It is immutable and thread-safe.
/// </summary>
internal sealed class ChatTemplate
{
    private readonly List<Statement> _template;
    private readonly List<KeyValuePair<string, object>> _variables;

    private ChatTemplate(List<Statement> template, List<KeyValuePair<string, object>> variables)
    {
        _template = template;
        _variables = variables;
    }

    /// <summary>
    /// Whether the template writes system messages. If not, the system's text is put before that of the next user message, with an empty
    /// line between them.
    /// </summary>
    public bool HasSystemRole { get; private set; }

    /// <summary>
    /// Whether the template shows tools, and has the model write calls between <c>&lt;tool_call&gt;</c> and <c>&lt;/tool_call&gt;</c>.
    /// </summary>
    public bool HasToolForm { get; private set; }

    /// <summary>Loads a model's template from its folder (see <see cref="ChatTemplateFiles"/>) and tests it.</summary>
    /// <param name="folder">The model's folder.</param>
    /// <param name="time">What <c>strftime_now</c> answers.</param>
    /// <exception cref="ChatTemplateFormatException">There is none, or it is broken.</exception>
    public static ChatTemplate Load(string folder, TimeProvider time)
    {
        ChatTemplateFiles files = ChatTemplateFiles.Read(folder);
        return Create(files.Template, files.SpecialTokens, files.Path, time);
    }

    /// <param name="template">The template's text.</param>
    /// <param name="specialTokens">The special tokens that it can name, such as <c>bos_token</c>.</param>
    /// <param name="path">The path of its file, for messages.</param>
    /// <param name="time">What <c>strftime_now</c> answers.</param>
    public static ChatTemplate Create(
        string template, IEnumerable<KeyValuePair<string, string>> specialTokens, string path, TimeProvider time)
    {
        List<Statement> parsed;
        try
        {
            parsed = TemplateParser.Parse(template, Filters.Known.ContainsKey, ValueTests.Known.ContainsKey);
        }
        catch (TemplateSyntaxException e)
        {
            throw new ChatTemplateFormatException($"Chat template '{path}', {e.Message}.", e);
        }

        List<KeyValuePair<string, object>> variables =
        [
            .. Globals.Of(time),
            .. specialTokens.Select(token => KeyValuePair.Create<string, object>(token.Key, JinjaText.Control(token.Value))),
        ];
        var made = new ChatTemplate(parsed, variables);
        made.Try(path);
        return made;
    }

    /// <summary>Renders a chat.</summary>
    /// <param name="messages">The messages, as in a request: an array of objects with <c>role</c> and <c>content</c>.</param>
    /// <param name="tools">The tools, as in a request, or null.</param>
    /// <param name="addGenerationPrompt">Whether the prompt ends where the assistant's answer begins.</param>
    /// <exception cref="ChatTemplateRenderException">The template refuses the messages, or fails on them.</exception>
    public IReadOnlyList<PromptSegment> Render(JsonElement messages, JsonElement? tools = null, bool addGenerationPrompt = true)
    {
        try
        {
            return Segments(Render(ChatMessages.Read(messages, HasSystemRole), tools, addGenerationPrompt));
        }
        catch (RenderException e)
        {
            throw new ChatTemplateRenderException(
                e.IsRaisedByTemplate
                    ? $"The model's chat template refuses the messages: {e.Message}"
                    : $"The model's chat template fails on the messages: {e.Message}",
                e.IsRaisedByTemplate,
                e);
        }
    }

    private static List<PromptSegment> Segments(JinjaText prompt)
    {
        var segments = new List<PromptSegment>();
        int start = 0;
        foreach (TextRun run in prompt.Runs)
        {
            segments.Add(new PromptSegment(prompt.Value[start..run.End], run.IsContent));
            start = run.End;
        }

        return segments;
    }

    private JinjaText Render(JinjaList messages, JsonElement? tools, bool addGenerationPrompt) => Interpreter.Render(
        _template,
        [
            .. _variables,
            KeyValuePair.Create<string, object>("messages", messages),
            KeyValuePair.Create("tools", tools is { } given ? PythonJson.Read(given, isContent: true) : JinjaNone.Value),
            KeyValuePair.Create<string, object>("documents", JinjaNone.Value),
            KeyValuePair.Create<string, object>("add_generation_prompt", addGenerationPrompt),
        ]);

    /// <summary>
    /// Renders three short chats: one must succeed, and the others show whether there are a system role and tools.
    /// </summary>
    private void Try(string path)
    {
        const string System = "probe of the system role";
        const string User = "probe of the user role";
        try
        {
            if (!Render(ChatMessages.Of(("user", User)), null, addGenerationPrompt: true).Value.Contains(User, StringComparison.Ordinal))
                throw new ChatTemplateFormatException($"Chat template '{path}' does not write the user's messages.");
        }
        catch (RenderException e)
        {
            throw new ChatTemplateFormatException($"Chat template '{path}' fails on one user message: {e.Message}.", e);
        }

        try
        {
            JinjaText prompt = Render(ChatMessages.Of(("system", System), ("user", User)), null, addGenerationPrompt: true);
            HasSystemRole = prompt.Value.Contains(System, StringComparison.Ordinal)
                && prompt.Value.Contains(User, StringComparison.Ordinal);
        }
        catch (RenderException)
        {
            HasSystemRole = false;
        }

        HasToolForm = ShowsTools(User);
    }

    private bool ShowsTools(string user)
    {
        const string Tool = "probe_of_tools";
        const string Tools = """
            [{"type":"function","function":{"name":"probe_of_tools","description":"probe","parameters":{"type":"object","properties":{}}}}]
            """;
        try
        {
            using JsonDocument tools = JsonDocument.Parse(Tools);
            JinjaText prompt = Render(ChatMessages.Of(("user", user)), tools.RootElement, addGenerationPrompt: true);
            return prompt.Value.Contains(Tool, StringComparison.Ordinal) && prompt.Value.Contains("<tool_call>", StringComparison.Ordinal);
        }
        catch (RenderException)
        {
            return false;
        }
    }
}
