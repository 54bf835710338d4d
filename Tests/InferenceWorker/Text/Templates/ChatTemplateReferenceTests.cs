using System.Text.Json;
using AiPlatform.InferenceWorker.Text;
using AiPlatform.InferenceWorker.Text.Jinja.Parsing;
using AiPlatform.InferenceWorker.Text.Jinja.Values;
using AiPlatform.InferenceWorker.Text.Templates;
using AiPlatform.Tests.InferenceWorker.Text.Bpe;
using Xunit;

namespace AiPlatform.Tests.InferenceWorker.Text.Templates;

public sealed class ChatTemplateReferenceTests
{
    [Theory]
    [InlineData("chatml.jinja")]
    [InlineData("gemma.jinja")]
    [InlineData("llama3.jinja")]
    [InlineData("macros.jinja")]
    [InlineData("mistral.jinja")]
    [InlineData("phi3.jinja")]
    [InlineData("qwen25.jinja")]
    public void Render_EveryChat_IsWhatJinja2Makes(string template)
    {
        ChatTemplate sut = TemplateReference.Template(template);
        var differences = new List<string>();
        int count = 0;

        foreach (JsonElement row in TemplateReference.Read("cases.json").EnumerateArray())
        {
            if (row.GetProperty("template").GetString() != template || IsRewritten(sut, row))
                continue;
            count++;
            string? error = row.TryGetProperty("error", out JsonElement text) ? text.GetString() : null;
            try
            {
                string prompt = Text(Render(sut, row));
                string? expected = error ?? row.GetProperty("expected").GetString();
                if (error is not null || prompt != expected)
                    differences.Add($"{row.GetProperty("chat")}: expected\n{expected}\ngot\n{prompt}");
            }
            catch (ChatTemplateRenderException e) when (
                error is not null && e.IsRefusedByTemplate && e.Message.EndsWith(error, StringComparison.Ordinal))
            {
                // It is refused with the same message.
            }
            catch (ChatTemplateRenderException e)
            {
                differences.Add($"{row.GetProperty("chat")}: expected\n{row}\ngot {e.Message}");
            }
        }

        Assert.InRange(count, 20, 100);
        Assert.Equal("", string.Join('\n', differences));
    }

    [Fact]
    public void Render_EveryExpression_IsWhatJinja2Makes()
    {
        JsonElement variables = TemplateReference.Read("variables.json");
        var differences = new List<string>();

        foreach (JsonElement row in TemplateReference.Read("expressions.json").EnumerateArray())
        {
            string template = row.GetProperty("template").GetString()!;
            string expected = row.TryGetProperty("expected", out JsonElement text) ? text.GetString()! : row.ToString();
            string actual;
            try
            {
                actual = TemplateReference.Render(template, variables).Value;
            }
            catch (RenderException e)
            {
                actual = row.TryGetProperty("error", out _) ? expected : $"an error: {e.Message}";
            }
            catch (TemplateSyntaxException e)
            {
                bool isSame = row.TryGetProperty("syntax_error", out JsonElement line)
                    ? line.GetInt32() == e.Line
                    : row.TryGetProperty("error", out _);
                actual = isSame ? expected : $"a syntax error: {e.Message}";
            }

            if (actual != expected)
                differences.Add($"{template}\n  expected {expected}\n  got      {actual}");
        }

        Assert.Equal("", string.Join('\n', differences));
    }

    [Fact]
    public void Render_ReferencesChats_GivesItsTextAndIds()
    {
        ChatTemplate sut = TemplateReference.OfModel();
        var differences = new List<string>();
        int count = 0;

        foreach (string line in File.ReadLines(Path.Combine(AppContext.BaseDirectory, "Reference", $"chat.{ChatReference.Model}.jsonl")))
        {
            JsonElement chat = JsonElement.Parse(line);
            IReadOnlyList<PromptSegment> prompt = sut.Render(chat.GetProperty("messages"));
            string text = chat.GetProperty("prompt_text").GetString()!;
            Assert.Equal(text, Text(prompt));
            int[] ids = ChatReference.Tokenizer.Encode(prompt);
            if (TokenizerReference.Difference(text, TokenizerReference.Ids(chat, "prompt_ids"), ids) is { } difference)
                differences.Add(difference);
            count++;
        }

        Assert.Equal(34, count);
        Assert.Equal("", string.Join('\n', differences));
    }

    private static string Text(IReadOnlyList<PromptSegment> prompt) => string.Concat(prompt.Select(segment => segment.Text));

    private static IReadOnlyList<PromptSegment> Render(ChatTemplate sut, JsonElement row) => sut.Render(
        row.GetProperty("messages"),
        row.GetProperty("tools") is { ValueKind: not JsonValueKind.Null } tools ? tools : null,
        row.GetProperty("add_generation_prompt").GetBoolean());

    /// <summary>Whether the messages are changed before they are rendered, because the template has no system role.</summary>
    private static bool IsRewritten(ChatTemplate sut, JsonElement row) =>
        !sut.HasSystemRole && row.GetProperty("messages").EnumerateArray().Any(message => message.GetProperty("role").ValueEquals("system"));
}
