using System.Text;
using System.Text.Json;

namespace AiPlatform.InferenceWorker.Text.Templates;

/// <summary>
/// The chat template in a model's folder: <c>chat_template.jinja</c> or else <c>chat_template</c> in <c>tokenizer_config.json</c> (the
/// template itself, or a list of named templates with <c>default</c>), and the special tokens of that file.
/// </summary>
/// <param name="Path">The file that the template is in.</param>
/// <param name="Template">The template's text.</param>
/// <param name="SpecialTokens">The special tokens with their texts, such as <c>bos_token</c>.</param>
internal sealed record ChatTemplateFiles(string Path, string Template, List<KeyValuePair<string, string>> SpecialTokens)
{
    public const string TemplateFile = "chat_template.jinja";
    public const string ConfigFile = "tokenizer_config.json";

    private const int MostBytes = 64 << 20;
    private const int MostTemplateCharacters = 1 << 20;

    /// <exception cref="ChatTemplateFormatException">There is no template, or a file is broken.</exception>
    public static ChatTemplateFiles Read(string folder)
    {
        string config = System.IO.Path.Combine(folder, ConfigFile);
        string file = System.IO.Path.Combine(folder, TemplateFile);
        string? template = File.Exists(file) ? Open(file, bytes => new UTF8Encoding(false, true).GetString(bytes)) : null;
        List<KeyValuePair<string, string>> tokens = [];
        string? configured = null;
        if (File.Exists(config))
        {
            (configured, tokens) = Open(config, bytes =>
            {
                using JsonDocument document = JsonDocument.Parse(bytes);
                return document.RootElement.ValueKind == JsonValueKind.Object
                    ? (template is null ? ReadTemplate(document.RootElement, config) : null, ReadTokens(document.RootElement))
                    : throw new ChatTemplateFormatException($"'{config}' is not a JSON object.");
            });
        }

        string path = template is null ? config : file;
        string text = template ?? configured ?? throw new ChatTemplateFormatException(
            $"The model has no chat template: neither '{file}' nor 'chat_template' in '{config}' is there.");
        return text.Length <= MostTemplateCharacters
            ? new ChatTemplateFiles(path, text, tokens)
            : throw new ChatTemplateFormatException(
                $"Chat template '{path}' has {text.Length} characters; the most is {MostTemplateCharacters}.");
    }

    private static T Open<T>(string path, Func<byte[], T> read)
    {
        try
        {
            long size = new FileInfo(path).Length;
            if (size > MostBytes)
                throw new ChatTemplateFormatException($"'{path}' has {size} bytes; the most is {MostBytes}.");
            return read(File.ReadAllBytes(path));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new ChatTemplateFormatException($"'{path}' cannot be read: {e.Message}", e);
        }
        catch (JsonException e)
        {
            throw new ChatTemplateFormatException($"'{path}' is not valid JSON: {e.Message}", e);
        }
        catch (Exception e) when (e is DecoderFallbackException or InvalidOperationException) // broken UTF-8, or half a surrogate pair
        {
            throw new ChatTemplateFormatException($"'{path}' holds text that is not valid Unicode: {e.Message}", e);
        }
    }

    private static string? ReadTemplate(JsonElement config, string path)
    {
        if (!config.TryGetProperty("chat_template", out JsonElement template) || template.ValueKind == JsonValueKind.Null)
            return null;
        if (template.ValueKind == JsonValueKind.String)
            return template.GetString();
        if (template.ValueKind == JsonValueKind.Array)
        {
            foreach (JsonElement named in template.EnumerateArray())
            {
                if (named.ValueKind == JsonValueKind.Object && Text(named, "name") == "default" && Text(named, "template") is { } text)
                    return text;
            }
        }

        throw new ChatTemplateFormatException(
            $"'{path}': 'chat_template' is neither a string nor a list of objects with 'name' and 'template', one of them 'default'.");
    }

    /// <summary>All fields such as <c>bos_token</c>: a string, or an object with its <c>content</c>.</summary>
    private static List<KeyValuePair<string, string>> ReadTokens(JsonElement config)
    {
        var tokens = new List<KeyValuePair<string, string>>();
        foreach (JsonProperty property in config.EnumerateObject())
        {
            if (!property.Name.EndsWith("_token", StringComparison.Ordinal))
                continue;
            string? text = property.Value.ValueKind switch
            {
                JsonValueKind.String => property.Value.GetString(),
                JsonValueKind.Object => Text(property.Value, "content"),
                _ => null,
            };
            if (text is not null)
                tokens.Add(KeyValuePair.Create(property.Name, text));
        }

        return tokens;
    }

    private static string? Text(JsonElement element, string name) =>
        element.TryGetProperty(name, out JsonElement value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;
}
