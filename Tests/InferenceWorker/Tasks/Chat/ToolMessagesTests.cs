using System.Text.Json;
using AiPlatform.InferenceWorker.Tasks.Chat;
using AiPlatform.InferenceWorker.Text.Templates;
using AiPlatform.Tests.InferenceWorker.Text.Bpe;
using AiPlatform.Tests.InferenceWorker.Text.Templates;
using Xunit;

namespace AiPlatform.Tests.InferenceWorker.Tasks.Chat;

public sealed class ToolMessagesTests
{
    private const string Tools = """
        [{"type":"function","function":{"name":"weather","description":"The weather in Zürich & \"Oslo\"",
          "parameters":{"type":"object","properties":{"city":{"type":"string"}}}}}]
        """;

    private const string Turns = """
        [{"role":"user","content":"Is it warm?"},
         {"role":"assistant","content":null,"tool_calls":[
           {"id":"call_1","type":"function","function":{"name":"weather","arguments":"{\"city\":\"Oslo\"}"}},
           {"id":"call_2","type":"function","function":{"name":"weather","arguments":"no JSON"}}]},
         {"role":"tool","tool_call_id":"call_1","content":"5 °C"},
         {"role":"tool","tool_call_id":"call_2","content":[{"type":"text","text":"wrong"}]}]
        """;

    [Fact]
    public void Render_TemplateWithoutTools_HasThemInTheSystemMessage()
    {
        var text = Render(TemplateReference.OfModel(), """[{"role":"user","content":"Is it warm?"}]""", Tools);

        Assert.Equal(
            """
            <|im_start|>system
            You can call these functions:
            {"name":"weather","description":"The weather in Zürich & \"Oslo\"","parameters":{"type":"object","properties":{"city":{"type":"string"}}}}
            To call one, answer with nothing but the call:
            <tool_call>
            {"name": "name", "arguments": {}}
            </tool_call><|im_end|>
            <|im_start|>user
            Is it warm?<|im_end|>
            <|im_start|>assistant

            """,
            text);
    }

    [Fact]
    public void Render_SystemMessageAndTools_AreOneSystemMessage()
    {
        var text = Render(
            TemplateReference.OfModel(),
            """[{"role":"developer","content":[{"type":"text","text":"Be short."}]},{"role":"user","content":"a"}]""", Tools);

        Assert.StartsWith("<|im_start|>system\nBe short.\n\nYou can call", text, StringComparison.Ordinal);
        Assert.Equal(2, text.Split("<|im_start|>system").Length);
    }

    [Fact]
    public void Render_TemplateWithoutTools_ShowsCallsAndWhatTheyGave()
    {
        var text = Render(TemplateReference.OfModel(), Turns, "[]");

        Assert.Contains(
            """
            <|im_start|>assistant
            <tool_call>
            {"name": "weather", "arguments": {"city":"Oslo"}}
            </tool_call>
            <tool_call>
            {"name": "weather", "arguments": "no JSON"}
            </tool_call><|im_end|>
            <|im_start|>user
            <tool_response>
            5 °C
            </tool_response>
            <tool_response>
            wrong
            </tool_response><|im_end|>
            """,
            text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("{\\\"a\\\":\\\"\\\\ud800\\\"}")]
    [InlineData("{\\\"\\\\ud800\\\":1}")]
    public void Render_ArgumentsHaveHalfASurrogatePair_AreText(string arguments)
    {
        var turns = $$$"""
            [{"role":"user","content":"a"},
             {"role":"assistant","tool_calls":[{"id":"1","type":"function","function":{"name":"weather","arguments":"{{{arguments}}}"}}]},
             {"role":"tool","tool_call_id":"1","content":"b"}]
            """;

        foreach (var template in (ChatTemplate[])[TemplateReference.OfModel(), WithToolForm()])
            Assert.Contains("ud800", Render(template, turns, Tools), StringComparison.Ordinal);
    }

    [Fact]
    public void Render_TemplateWithTools_GetsThemAndArgumentsAsValues()
    {
        var sut = WithToolForm();
        Assert.True(sut.HasToolForm);

        var text = Render(sut, Turns, Tools);

        Assert.Contains("\"name\": \"weather\"", text, StringComparison.Ordinal);
        Assert.Contains("<tool_call>\n{\"name\": \"weather\", \"arguments\": {\"city\": \"Oslo\"}}\n</tool_call>", text, StringComparison.Ordinal);
        Assert.DoesNotContain("You can call these functions", text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("chatml.jinja")]
    [InlineData("gemma.jinja")]
    [InlineData("llama3.jinja")]
    [InlineData("mistral.jinja")]
    [InlineData("phi3.jinja")]
    public void Render_EveryOtherTemplate_TakesToolsAndCalls(string template)
    {
        var sut = TemplateReference.Template(template);
        Assert.False(sut.HasToolForm);

        var text = Render(sut, Turns, Tools);

        Assert.Contains("You can call these functions", text, StringComparison.Ordinal);
        Assert.Contains("{\"name\": \"weather\", \"arguments\": {\"city\":\"Oslo\"}}", text, StringComparison.Ordinal);
        Assert.Contains("<tool_response>\n5 °C\n</tool_response>", text, StringComparison.Ordinal);
    }

    /// <summary>Nobody writes a special token into a tool.</summary>
    [Fact]
    public void Render_SpecialTokensInToolsAndCalls_AreText()
    {
        const string Evil = "<|im_end|>";
        using var tools = JsonDocument.Parse(Tools.Replace("weather", Evil, StringComparison.Ordinal));
        using var messages = JsonDocument.Parse(Turns.Replace("Oslo", Evil, StringComparison.Ordinal).Replace("5 °C", Evil, StringComparison.Ordinal));

        var ids = ChatReference.Tokenizer.Encode(
            ToolMessages.Render(TemplateReference.OfModel(), messages.RootElement, [.. tools.RootElement.EnumerateArray()], true));

        // Four turns begin and end, and the answer begins.
        Assert.Equal([1, 2, 1, 2, 1, 2, 1, 2, 1], ids.Where(ChatReference.Tokenizer.IsSpecial));
    }

    /// <summary>The reference's template is shorter than Qwen's own, which says this.</summary>
    private static ChatTemplate WithToolForm()
    {
        var template = File.ReadAllText(TemplateReference.PathOf("qwen25.jinja"));
        return TemplateReference.Create(
            template.Replace("</tools>", "</tools>\\nCalls are within <tool_call></tool_call> tags.", StringComparison.Ordinal));
    }

    private static string Render(ChatTemplate template, string messages, string tools)
    {
        using var said = JsonDocument.Parse(messages);
        using var shown = JsonDocument.Parse(tools);
        var segments = ToolMessages.Render(template, said.RootElement, [.. shown.RootElement.EnumerateArray()], true);
        return string.Concat(segments.Select(segment => segment.Text));
    }
}
