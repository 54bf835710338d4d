using System.Text.Json;
using AiPlatform.InferenceWorker.Text.Jinja.Parsing;
using AiPlatform.InferenceWorker.Text.Jinja.Rendering;
using AiPlatform.InferenceWorker.Text.Jinja.Values;
using AiPlatform.InferenceWorker.Text.Templates;
using AiPlatform.Tests.InferenceWorker.Text.Bpe;

namespace AiPlatform.Tests.InferenceWorker.Text.Templates;

/// <summary>Templates, and their output of Jinja2 (Reference/chat-templates/render.py).</summary>
internal static class TemplateReference
{
    public static TimeProvider Time { get; } = new FixedTime(new DateTimeOffset(2026, 3, 7, 4, 5, 6, TimeSpan.Zero));

    public static string PathOf(string file) => Path.Combine(AppContext.BaseDirectory, "Reference", "chat-templates", file);

    public static JsonElement Read(string file) => JsonElement.Parse(File.ReadAllText(PathOf(file)));

    public static ChatTemplate Template(string file) => Create(File.ReadAllText(PathOf(file)));

    public static ChatTemplate Create(string template) => ChatTemplate.Create(
        template, [KeyValuePair.Create("bos_token", "<s>"), KeyValuePair.Create("eos_token", "</s>")], "chat_template.jinja", Time);

    /// <summary>The model's own template, with its conversations' file.</summary>
    public static ChatTemplate OfModel() => ChatTemplate.Load(ChatReference.Folder, Time);

    /// <summary>Renders any template with any variables; all strings of these are content.</summary>
    public static JinjaText Render(string template, JsonElement variables) => Interpreter.Render(
        TemplateParser.Parse(template, Filters.Known.ContainsKey, ValueTests.Known.ContainsKey),
        [
            .. Globals.Of(Time),
            .. variables.EnumerateObject().Select(one => KeyValuePair.Create(one.Name, PythonJson.Read(one.Value, isContent: true))),
        ]);

    private sealed class FixedTime(DateTimeOffset now) : TimeProvider
    {
        public override TimeZoneInfo LocalTimeZone => TimeZoneInfo.Utc;

        public override DateTimeOffset GetUtcNow() => now;
    }
}
