using System.Text;
using AiPlatform.Jobs;
using AiPlatform.Jobs.Catalog;
using AiPlatform.Jobs.Tasks.Chat;
using AiPlatform.Jobs.Tasks.Generation;
using Xunit;

namespace AiPlatform.Tests.Jobs.Tasks.Chat;

public sealed class ChatRequestParserTests
{
    private const string F = "{\"type\":\"function\",\"function\":{\"name\":\"f\"}}";
    private const string OneTool = "\"tools\":[" + F + "]";
    private const string Allowed = ",\"tool_choice\":{\"type\":\"allowed_tools\",\"allowed_tools\":";

    private static readonly ModelDescriptor Model =
        new() { Name = "m", Task = "text-generation", MaxTokens = 100, Created = 0, OwnedBy = "tests" };

    [Fact]
    public void Parse_EveryField_IsRead()
    {
        var call = Right("""
            {"model":"m","messages":[{"role":"user","content":"a"}],"stream":true,"stream_options":{"include_usage":true},"n":3,
             "max_tokens":5,"max_completion_tokens":7,"temperature":0.5,"top_p":0.25,"top_k":40,"min_p":0.125,"presence_penalty":-2,
             "frequency_penalty":2,"repetition_penalty":1.5,"seed":-9223372036854775808,"stop":["a","b"],"logit_bias":{"5":-100,"6":0.5},
             "logprobs":true,"top_logprobs":20,"ignore_eos":true,"response_format":{"type":"text"},"tools":[],"tool_choice":"none",
             "user":"somebody","unknown":{"a":[1]}}
            """);

        Assert.Equal(("m", true, true, 3, 7), (call.Model, call.Streams, call.IncludesUsage, call.Choices, call.MaxNewTokens));
        Assert.Equal((0.5, 0.25, 40, 0.125), (call.Temperature, call.TopP, call.TopK, call.MinP));
        Assert.Equal((-2, 2, 1.5), (call.PresencePenalty, call.FrequencyPenalty, call.RepetitionPenalty));
        Assert.Equal((long.MinValue, true, true, 20), (call.Seed, call.IgnoresEnd, call.Likelihoods, call.TopLikelihoods));
        Assert.Equal(["a", "b"], call.Stop);
        Assert.Equal([KeyValuePair.Create(5, -100d), KeyValuePair.Create(6, 0.5)], call.LogitBias);
    }

    [Fact]
    public void Parse_NullsAndMissingFields_HaveOpenAIsDefaults()
    {
        var call = Right("""
            {"model":"m","messages":[{"role":"developer","content":[{"type":"text","text":"a"}]},{"role":"assistant","content":null}],
             "stream":null,"n":null,"max_tokens":null,"temperature":null,"top_p":null,"seed":null,"stop":null,"tools":null,"top_k":-1}
            """);

        Assert.Equal((false, 1, null, 1, 1), (call.Streams, call.Choices, call.MaxNewTokens, call.Temperature, call.TopP));
        Assert.Equal((0, 0, 1, null), (call.TopK, call.MinP, call.RepetitionPenalty, call.Seed));
        Assert.Empty(call.Stop);
    }

    [Theory]
    [InlineData("""{"type":"json_object"}""", AnswerGrammarKind.JsonSchema, """{"type":"object"}""")]
    [InlineData(
        """{"type":"json_schema","json_schema":{"name":"a","strict":true,"schema":{ "type":"integer" },"description":"b"}}""",
        AnswerGrammarKind.JsonSchema, """{ "type":"integer" }""")]
    [InlineData("""{"json_schema":{"name":"a"},"type":"json_schema"}""", AnswerGrammarKind.JsonSchema, "{}")]
    [InlineData("""{"type":"regex","regex":"[a-z]+\\d"}""", AnswerGrammarKind.Regex, """[a-z]+\d""")]
    [InlineData("""{"type":"grammar","grammar":"start: \"a\""}""", AnswerGrammarKind.Rules, "start: \"a\"")]
    public void Parse_ResponseFormat_IsAGrammar(string format, AnswerGrammarKind kind, string text)
    {
        var call = Right($$"""{"model":"m","messages":[{"role":"user","content":"ä"}],"response_format":{{format}}}""");

        Assert.Equal(new AnswerGrammar(kind, text), call.Grammar);
    }

    [Theory]
    [InlineData("", "start: text | calls\n", true)]
    [InlineData(",\"parallel_tool_calls\":false", "start: text | calls\n", false)]
    [InlineData(",\"tool_choice\":\"required\"", "start: calls\n", true)]
    [InlineData(",\"tool_choice\":{\"type\":\"function\",\"function\":{\"name\":\"f\"}}", "start: calls\n", false)]
    [InlineData(Allowed + "{\"mode\":\"required\",\"tools\":[" + F + "]}}", "start: calls\n", true)]
    [InlineData(Allowed + "{\"tools\":[" + F + "],\"mode\":\"auto\"}}", "start: text | calls\n", true)]
    public void Parse_Tools_AreAGrammarOfWhatMayBeAnswered(string fields, string start, bool isParallel)
    {
        var call = Right($$"""{"model":"m"{{fields}},"messages":[{"role":"user","content":"a"}],{{OneTool}}}""");

        Assert.Equal("f", Assert.Single(call.Tools).Name);
        Assert.Equal(AnswerGrammarKind.Rules, call.Grammar!.Kind);
        Assert.StartsWith(start, call.Grammar.Text, StringComparison.Ordinal);
        Assert.Equal(isParallel, call.Grammar.Text.Contains("calls: call (", StringComparison.Ordinal));
    }

    [Fact]
    public void Parse_AllowedTools_OnlyTheseCanBeCalled()
    {
        var call = Right($$$"""
            {"model":"m","messages":[{"role":"user","content":"a"}]{{{Allowed}}}{"mode":"auto","tools":[{{{F}}}]}},
             "tools":[{"type":"function","function":{"name":"e"}},{{{F}}},{"type":"function","function":{"name":"g"}}]}
            """);

        Assert.Equal(("f", false), (Assert.Single(call.Tools).Name, call.MustCall));
        Assert.DoesNotContain("\"g", call.Grammar!.Text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("\"functions\":[]")]
    [InlineData("\"function_call\":\"none\"")]
    [InlineData("\"modalities\":[\"text\"]")]
    [InlineData("\"modalities\":null")]
    public void Parse_FieldThatAsksForNothingElse_IsNoError(string field) =>
        Right($$"""{"model":"m","messages":[{"role":"user","content":"a"}],{{field}}}""");

    /// <summary>What limits hold for a call until its end: docs/keys-and-limits.md.</summary>
    [Theory]
    [InlineData("", 256)]
    [InlineData(",\"n\":3,\"max_tokens\":10", 30)]
    public void MostTokens_Chat_AreItsBytesAndWhatItMayWrite(string fields, long written)
    {
        var call = Right($$"""{"model":"m","messages":[{"role":"user","content":"a"}]{{fields}}}""");

        Assert.Equal(101 + written, call.MostTokens(bodyBytes: 401));
    }

    [Fact]
    public void Parse_ToolChoiceNone_IsFreeText()
    {
        var call = Right($$"""{"model":"m","messages":[{"role":"user","content":"a"}],"tool_choice":"none",{{OneTool}}}""");

        Assert.Empty(call.Tools);
        Assert.Null(call.Grammar);
    }

    [Theory]
    [InlineData("null", """{"type":"object","properties":{},"additionalProperties":false}""")]
    [InlineData("{ }", """{"type":"object","properties":{},"additionalProperties":false}""")]
    [InlineData("""{"properties":{"a":{}}}""", """{"type":"object","additionalProperties":false,"properties":{"a":{}}}""")]
    [InlineData("""{"type":"object","properties":{},"allOf":[]}""", """{"type":"object","properties":{},"allOf":[]}""")]
    [InlineData("""{"type":"object"}""", """{"type":"object"}""")]
    [InlineData("""{"additionalProperties":true,"properties":{}}""", """{"type":"object","additionalProperties":true,"properties":{}}""")]
    public void Parse_ParametersOfATool_AreAnObjectWithDeclaredNames(string parameters, string schema)
    {
        var call = Right($$"""
            {"model":"m","messages":[{"role":"user","content":"ä"}],"tools":[{"function":{"parameters":{{parameters}},"name":"f"},"type":"function"}]}
            """);

        Assert.Contains($"args0: %json {schema}\n", call.Grammar!.Text, StringComparison.Ordinal);
    }

    [Fact]
    public void Parse_ThousandsOfTools_AreRefused()
    {
        var tools = Enumerable.Range(0, 5_000).Select(i => $$$"""{"type":"function","function":{"name":"f{{{i}}}"}}""");

        var error = ErrorOf($$"""{"model":"m","messages":[{"role":"user","content":"a"}],"tools":[{{string.Join(',', tools)}}]}""");

        Assert.Equal("tools", error?.Param);
        Assert.Contains("128", error!.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"type":"text"}""")]
    [InlineData("null")]
    public void Parse_ResponseFormatOfText_IsNoGrammar(string format) =>
        Assert.Null(Right($$"""{"model":"m","messages":[{"role":"user","content":"a"}],"response_format":{{format}}}""").Grammar);

    [Theory]
    [InlineData("""{"messages":[{"role":"user","content":"a"}]}""", "model")]
    [InlineData("""{"model":"","messages":[{"role":"user","content":"a"}]}""", "model")]
    [InlineData("""{"model":"m","model":"m","messages":[{"role":"user","content":"a"}]}""", "model")]
    [InlineData("""{"model":"m"}""", "messages")]
    [InlineData("""{"model":"m","messages":"a"}""", "messages")]
    [InlineData("""{"model":"m","messages":["a"]}""", "messages[0]")]
    [InlineData("""{"model":"m","messages":[{"content":"a"}]}""", "messages[0].role")]
    [InlineData("""{"model":"m","messages":[{"role":"user","role":"user","content":"a"}]}""", "messages[0].role")]
    [InlineData("""{"model":"m","messages":[{"role":"user"}]}""", "messages[0].content")]
    [InlineData("""{"model":"m","messages":[{"role":"user","content":5}]}""", "messages[0].content")]
    [InlineData("""{"model":"m","messages":[{"role":"user","content":[{"type":"text"}]}]}""", "messages[0].content[0].text")]
    [InlineData("""{"model":"m","messages":[{"role":"user","content":[5]}]}""", "messages[0].content[0]")]
    [InlineData("""{"model":"m","messages":[{"role":"tool","content":"a"}]}""", "messages[0].tool_call_id")]
    [InlineData("""{"model":"m","messages":[{"role":"tool","content":"a","tool_call_id":5}]}""", "messages[0].tool_call_id")]
    [InlineData("""{"model":"m","messages":[{"role":"user","content":"a","tool_calls":[]}]}""", "messages[0].tool_calls")]
    [InlineData("""{"model":"m","messages":[{"role":"assistant","tool_calls":{}}]}""", "messages[0].tool_calls")]
    [InlineData("""{"model":"m","messages":[{"role":"assistant","tool_calls":[5]}]}""", "messages[0].tool_calls[0]")]
    [InlineData("""{"model":"m","messages":[{"role":"assistant","tool_calls":[{"type":"function"}]}]}""", "messages[0].tool_calls[0].id")]
    [InlineData("""{"model":"m","messages":[{"role":"assistant","tool_calls":[{"id":"a"}]}]}""", "messages[0].tool_calls[0].function")]
    [InlineData(
        """{"model":"m","messages":[{"role":"assistant","tool_calls":[{"id":"a","function":{"name":"f","arguments":{}}}]}]}""",
        "messages[0].tool_calls[0].function.arguments")]
    public void Parse_WrongModelOrMessages_AreNamed(string body, string param) => Assert.Equal(param, ErrorOf(body)?.Param);

    [Theory]
    [InlineData("\"n\":129", "n")]
    [InlineData("\"n\":1.5", "n")]
    [InlineData("\"max_tokens\":0", "max_tokens")]
    [InlineData("\"max_completion_tokens\":\"7\"", "max_completion_tokens")]
    [InlineData("\"temperature\":2.1", "temperature")]
    [InlineData("\"temperature\":1e999", "temperature")]
    [InlineData("\"top_p\":1.1", "top_p")]
    [InlineData("\"top_k\":-2", "top_k")]
    [InlineData("\"min_p\":-0.1", "min_p")]
    [InlineData("\"presence_penalty\":3", "presence_penalty")]
    [InlineData("\"frequency_penalty\":-3", "frequency_penalty")]
    [InlineData("\"repetition_penalty\":0", "repetition_penalty")]
    [InlineData("\"seed\":1.5", "seed")]
    [InlineData("\"stop\":[\"a\",\"b\",\"c\",\"d\",\"e\"]", "stop")]
    [InlineData("\"stop\":\"\"", "stop")]
    [InlineData("\"stop\":5", "stop")]
    [InlineData("\"logit_bias\":{\"a\":1}", "logit_bias")]
    [InlineData("\"logit_bias\":{\"5\":101}", "logit_bias.5")]
    [InlineData("\"logit_bias\":{\"5\":1,\"5\":1}", "logit_bias.5")]
    [InlineData("\"logprobs\":1", "logprobs")]
    [InlineData("\"logprobs\":true,\"top_logprobs\":21", "top_logprobs")]
    [InlineData("\"top_logprobs\":1", "top_logprobs")]
    [InlineData("\"stream\":1", "stream")]
    [InlineData("\"stream_options\":{}", "stream_options")]
    [InlineData("\"stream\":true,\"stream_options\":{\"include_usage\":1}", "stream_options.include_usage")]
    [InlineData("\"response_format\":{}", "response_format.type")]
    [InlineData("\"response_format\":{\"type\":\"json_schema\"}", "response_format.json_schema")]
    [InlineData("\"response_format\":{\"type\":\"json_schema\",\"json_schema\":{\"schema\":{}}}", "response_format.json_schema.name")]
    [InlineData("\"response_format\":{\"type\":\"regex\"}", "response_format.regex")]
    [InlineData("\"response_format\":{\"type\":\"grammar\",\"grammar\":5}", "response_format.grammar")]
    [InlineData("\"response_format\":{\"type\":\"xml\"}", "response_format.type")]
    [InlineData("\"response_format\":{\"type\":\"text\",\"type\":\"text\"}", "response_format.type")]
    [InlineData("\"tools\":[{}]", "tools[0].type")]
    [InlineData("\"tools\":[5]", "tools[0]")]
    [InlineData("\"tools\":[{\"type\":\"function\"}]", "tools[0].function")]
    [InlineData("\"tools\":[{\"type\":\"web_search\"}]", "tools[0].type")]
    [InlineData("\"tools\":[{\"type\":\"function\",\"function\":{}}]", "tools[0].function.name")]
    [InlineData("\"tools\":[{\"type\":\"function\",\"function\":{\"name\":\"a b\"}}]", "tools[0].function.name")]
    [InlineData("\"tools\":[{\"type\":\"function\",\"function\":{\"name\":\"a\\n\"}}]", "tools[0].function.name")]
    [InlineData("\"tools\":[{\"type\":\"function\",\"function\":{\"name\":\"a\",\"description\":5}}]", "tools[0].function.description")]
    [InlineData("\"tools\":[{\"type\":\"function\",\"function\":{\"name\":\"a\",\"parameters\":[]}}]", "tools[0].function.parameters")]
    [InlineData(
        "\"tools\":[{\"type\":\"function\",\"function\":{\"name\":\"a\",\"parameters\":{\"type\":\"array\"}}}]",
        "tools[0].function.parameters")]
    [InlineData(
        "\"tools\":[{\"type\":\"function\",\"function\":{\"name\":\"a\"}},{\"function\":{\"name\":\"a\"},\"type\":\"function\"}]",
        "tools[1].function.name")]
    [InlineData(OneTool + ",\"tool_choice\":\"any\"", "tool_choice")]
    [InlineData(OneTool + ",\"tool_choice\":5", "tool_choice")]
    [InlineData(OneTool + ",\"tool_choice\":{\"type\":\"custom\"}", "tool_choice.type")]
    [InlineData(OneTool + ",\"tool_choice\":{\"type\":\"allowed_tools\"}", "tool_choice.allowed_tools")]
    [InlineData(OneTool + ",\"tool_choice\":{\"type\":\"allowed_tools\",\"allowed_tools\":5}", "tool_choice.allowed_tools")]
    [InlineData(OneTool + Allowed + "{}}", "tool_choice.allowed_tools.mode")]
    [InlineData(OneTool + Allowed + "{\"mode\":\"none\",\"tools\":[]}}", "tool_choice.allowed_tools.mode")]
    [InlineData(OneTool + Allowed + "{\"mode\":\"auto\"}}", "tool_choice.allowed_tools.tools")]
    [InlineData(OneTool + Allowed + "{\"mode\":\"auto\",\"tools\":[]}}", "tool_choice.allowed_tools.tools")]
    [InlineData(OneTool + Allowed + "{\"mode\":\"auto\",\"tools\":[5]}}", "tool_choice.allowed_tools.tools[0]")]
    [InlineData(OneTool + Allowed + "{\"mode\":\"auto\",\"tools\":[{\"type\":\"mcp\"}]}}", "tool_choice.allowed_tools.tools[0].type")]
    [InlineData(
        OneTool + Allowed + "{\"mode\":\"auto\",\"tools\":[{\"type\":\"function\"}]}}",
        "tool_choice.allowed_tools.tools[0].function.name")]
    [InlineData(
        OneTool + Allowed + "{\"mode\":\"auto\",\"tools\":[{\"type\":\"function\",\"function\":{\"name\":\"g\"}}]}}", "tool_choice")]
    [InlineData("\"tools\":[]" + Allowed + "{\"mode\":\"auto\",\"tools\":[{\"type\":\"function\",\"function\":{\"name\":\"g\"}}]}}", "tool_choice")]
    [InlineData(OneTool + ",\"tool_choice\":{\"type\":\"function\"}", "tool_choice.function.name")]
    [InlineData(OneTool + ",\"tool_choice\":{\"type\":\"function\",\"function\":{\"name\":\"g\"}}", "tool_choice")]
    [InlineData(OneTool + ",\"parallel_tool_calls\":5", "parallel_tool_calls")]
    [InlineData(OneTool + ",\"response_format\":{\"type\":\"regex\",\"regex\":\"a\"}", "response_format")]
    [InlineData("\"tools\":5", "tools")]
    [InlineData("\"tool_choice\":\"required\"", "tool_choice")]
    [InlineData("\"functions\":[{}]", "functions")]
    [InlineData("\"function_call\":\"auto\"", "function_call")]
    [InlineData("\"function_call\":{\"name\":\"f\"}", "function_call")]
    [InlineData(OneTool + ",\"function_call\":\"none\"", "function_call")]
    [InlineData("\"temperature\":1,\"temperature\":1", "temperature")]
    [InlineData("\"modalities\":[\"audio\"]", "modalities")]
    [InlineData("\"modalities\":[\"text\",\"audio\"]", "modalities")]
    [InlineData("\"modalities\":[]", "modalities")]
    [InlineData("\"modalities\":[\"text\",[\"text\"]]", "modalities")]
    [InlineData("\"modalities\":\"text\"", "modalities")]
    public void Check_FieldThatIsWrongOrNotSupported_IsNamed(string field, string param) =>
        Assert.Equal(param, ErrorOf($$"""{"model":"m","messages":[{"role":"user","content":"a"}],{{field}}}""")?.Param);

    [Theory]
    [InlineData("")]
    [InlineData("[]")]
    [InlineData("{\"model\":\"m\",")]
    [InlineData("{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":\"\\ud800\"}]}")]
    [InlineData("{\"model\":\"m\",\"messages\":[{\"\\ud800\":1,\"role\":\"user\",\"content\":\"a\"}]}")]
    [InlineData("{\"model\":\"m\",\"messages\":[],\"logit_bias\":{\"\\ud800\":1}}")]
    public void Parse_NoJsonOrNoText_IsAnError(string body) =>
        Assert.Equal(InferenceErrorKind.InvalidRequest, ChatRequestParser.Parse(Encoding.UTF8.GetBytes(body)).Error?.Kind);

    [Theory]
    [InlineData("\"model\":\"\\ud800\"", "model")]
    [InlineData("\"model\":\"m\",\"metadata\":{\"k\":\"\\ud800\"}", "metadata")]
    [InlineData("\"model\":\"m\",\"stop\":\"\\udc00\"", "stop")]
    [InlineData("\"model\":\"m\",\"modalities\":[\"\\udc00\"]", "modalities")]
    [InlineData("\"model\":\"m\",\"logit_bias\":{\"\\ud800\":1}", "logit_bias")]
    public void Parse_HalfOfASurrogatePair_NamesTheField(string fields, string param)
    {
        var error = ErrorOf($$"""{"messages":[{"role":"user","content":"a"}],{{fields}}}""");

        Assert.Equal(param, error?.Param);
        Assert.StartsWith($"{param} has half of a surrogate pair, which is not valid Unicode", error!.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Check_AnswerAsLongAsTheContext_IsRefusedWithTheNumbers()
    {
        var error = ErrorOf("""{"model":"m","messages":[{"role":"user","content":"a"}],"max_tokens":100}""");

        Assert.Equal(InferenceErrorKind.ContextLengthExceeded, error?.Kind);
        Assert.Contains("100", error!.Message, StringComparison.Ordinal);
    }

    private static InferenceError? ErrorOf(string body)
    {
        var (call, error) = ChatRequestParser.Parse(Encoding.UTF8.GetBytes(body));
        return error ?? call!.Check(Model);
    }

    private static ChatCall Right(string body)
    {
        var (call, error) = ChatRequestParser.Parse(Encoding.UTF8.GetBytes(body));
        Assert.Null(error ?? call!.Check(Model));
        return call!;
    }
}
