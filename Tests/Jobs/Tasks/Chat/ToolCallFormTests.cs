using System.Text;
using AiPlatform.Grammars;
using AiPlatform.Grammars.Masks;
using AiPlatform.Jobs.Tasks.Chat;
using AiPlatform.Tests.Grammars;
using Xunit;

namespace AiPlatform.Tests.Jobs.Tasks.Chat;

/// <summary>What the grammars of requests with tools let an answer be.</summary>
public sealed class ToolCallFormTests
{
    private const string Tools = """
        "tools":[
          {"type":"function","function":{"name":"weather","parameters":{"type":"object","properties":{
             "city":{"$ref":"#/$defs/city"},"days":{"type":"integer","minimum":1,"maximum":9}},"required":["city"],"$defs":{"city":{"enum":["Oslo","Rome"]}}}}},
          {"type":"function","function":{"name":"time"}},
          {"type":"function","function":{"name":"note","parameters":{"type":"object"}}}]
        """;

    private static readonly string Call = ToolCallForm.Write("weather", """{"city":"Oslo","days":3}""");
    private static readonly string Other = ToolCallForm.Write("time", "{}");
    private static readonly string Free = ToolCallForm.Write("note", """{"a":[{"b":1}],"<tool_call>":""}""");

    [Fact]
    public void GrammarOf_Auto_AllowsTextsAndCalls()
    {
        var sut = GrammarOf("");

        string[] texts = ["", "Hi", "<", "<b>", "<tool", "<tool_calls>", "a <tool_call> in\n{\"name\": \"x\"", "😀\n<tool_call>"];
        foreach (var text in (string[])[.. texts, Call, Other, Free])
            Assert.True(sut.Accepts(text), text);
        Assert.True(sut.Accepts($"{Call}\n{Other}\n{Free}"));
        Assert.All(Wrong(), text => Assert.False(sut.Accepts(text), text));
    }

    [Theory]
    [InlineData(""","tool_choice":"required" """, true)]
    [InlineData(""","tool_choice":"required","parallel_tool_calls":false""", false)]
    public void GrammarOf_Required_AllowsCallsOnly(string fields, bool isParallel)
    {
        var sut = GrammarOf(fields);

        Assert.True(sut.Accepts(Call) && sut.Accepts(Other));
        Assert.Equal(isParallel, sut.Accepts($"{Call}\n{Other}"));
        Assert.False(sut.Accepts("Hi") || sut.Accepts(""));
        Assert.Equal("<tool_call>\n{\"name\": \"", Encoding.UTF8.GetString(sut.Forced(sut.Start)));
    }

    [Fact]
    public void GrammarOf_OneFunction_AllowsThatCallOnly()
    {
        var sut = GrammarOf(""","tool_choice":{"type":"function","function":{"name":"time"}}""");

        Assert.True(sut.Accepts(Other));
        Assert.False(sut.Accepts(Call) || sut.Accepts($"{Other}\n{Other}") || sut.Accepts("Hi"));
        Assert.Equal(Other, Encoding.UTF8.GetString(sut.Forced(sut.Start)));
    }

    [Fact]
    public void GrammarOf_ToolsAndASchema_HoldsTheTextToIt()
    {
        var sut = GrammarOf(""","response_format":{"type":"json_object"}""");

        Assert.True(sut.Accepts(Call) && sut.Accepts("""{"a":1}"""));
        Assert.False(sut.Accepts("Hi") || sut.Accepts("[]"));
    }

    [Fact]
    public void GrammarOf_EveryState_HasATokenThatFollows()
    {
        var masks = new TokenMasks(GrammarOf(""), Vocabularies.Smollm2);
        var random = new Random(7);
        for (var walk = 0; walk < 20; walk++)
        {
            var matcher = masks.Start();
            Assert.True(matcher.TryAccept(Encoding.UTF8.GetBytes(walk % 2 == 0 ? ToolCallForm.BeforeName : "<tool")));
            for (var step = 0; step < 30; step++)
            {
                var allowed = new List<int>();
                for (var token = 0; token < Vocabularies.Smollm2.Count; token++)
                    if ((matcher.Mask[token / 64] >> (token % 64) & 1) != 0) allowed.Add(token);
                Assert.NotEmpty(allowed);
                if (!matcher.TryAccept(allowed[random.Next(allowed.Count)])) break;
            }
        }
    }

    private static IEnumerable<string> Wrong() =>
    [
        "<tool_call>", "<tool_call>\n", "<tool_call> no", Call[..^1], Call + "!", $"{Call}{Other}", $"{Call}\n", $"{Call}\nHi",
        ToolCallForm.Write("nothing", "{}"), ToolCallForm.Write("time", """{"a":1}"""), ToolCallForm.Write("weather", "{}"),
        ToolCallForm.Write("weather", """{"city":"Bonn"}"""), ToolCallForm.Write("weather", """{"city":"Oslo","days":10}"""),
        ToolCallForm.Write("weather", """{"city":"Oslo","x":1}"""), ToolCallForm.Write("note", "5"),
        string.Join('\n', Enumerable.Repeat(Other, 17)),
    ];

    private static Grammar GrammarOf(string fields)
    {
        var body = $$"""{"model":"m","messages":[{"role":"user","content":"a"}],{{Tools}}{{fields}}}""";
        var (call, error) = ChatRequestParser.Parse(Encoding.UTF8.GetBytes(body));
        Assert.Null(error ?? call!.Misfit);
        return Grammar.OfRules(call!.Grammar!.Text);
    }
}
