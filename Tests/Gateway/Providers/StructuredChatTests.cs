using System.Text.Json;
using AiPlatform.Tests.Fixtures;
using AiPlatform.Tests.Gateway.Fixtures;
using Xunit;

namespace AiPlatform.Tests.Gateway.Providers;

/// <summary>Answers that must fit a schema.</summary>
public sealed class StructuredChatTests(RedisServer redis) : IClassFixture<RedisServer>
{
    private const string Format = """
        "response_format":{"type":"json_schema","json_schema":{"name":"n","schema":{"type":"object","properties":{"a":{"type":"integer"}},"required":["a"]}}}
        """;

    private const string ObjectFormat = "\"response_format\":{\"type\":\"json_object\"}";

    private const string Good = """{"a":1}""";
    private const string Bad = """{"a":"one"}""";

    private readonly RedisServer _redis = redis;

    [Fact]
    public async Task Chat_AnswerDoesNotFit_IsSentBackWithWhatIsWrong()
    {
        await using var sut = await ProviderGateway.StartAsync(_redis);
        sut.Provider.Script(FakeProvider.Says(Bad), FakeProvider.Says("not JSON"), FakeProvider.Says(Good));

        var reply = await sut.ChatAsync(Format);

        var messages = sut.Provider.Received[2].Json.GetProperty("messages");
        Assert.Equal((200, "3"), (reply.Status, reply.Header("X-Attempts")));
        Assert.Equal(Good, reply.Json.GetProperty("choices")[0].GetProperty("message").GetProperty("content").GetString());
        Assert.Equal(["user", "assistant", "user", "assistant", "user"], messages.EnumerateArray().Select(one => one.GetProperty("role").GetString()));
        Assert.Equal(Bad, messages[1].GetProperty("content").GetString());
        Assert.Contains("/a", messages[2].GetProperty("content").GetString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("", false)]
    [InlineData(",\"include_raw_answer\":true", true)]
    public async Task Chat_AnswerNeverFits_Is422WithTheErrors(string more, bool showsAnswer)
    {
        await using var sut = await ProviderGateway.StartAsync(_redis, "Models:gpt:MaxCorrections=1");
        sut.Provider.Otherwise = FakeProvider.Says(Bad);

        var reply = await sut.ChatAsync(Format + more);

        Assert.Equal((422, "answer_invalid", 2), (reply.Status, reply.ErrorCode, sut.Provider.Received.Count));
        Assert.Contains("/a", reply.Json.GetProperty("error").GetProperty("message").GetString(), StringComparison.Ordinal);
        Assert.Equal(showsAnswer, reply.Json.GetProperty("error").TryGetProperty("raw_answer", out var raw) && raw.GetString() == Bad);
        Assert.All(sut.Provider.Received, call => Assert.DoesNotContain("include_raw_answer", call.Body, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Chat_AnswerIsCutOff_IsNotAskedAgain()
    {
        await using var sut = await ProviderGateway.StartAsync(_redis);
        sut.Provider.Otherwise = FakeProvider.Says("""{"a":""", "length");

        var reply = await sut.ChatAsync(Format);

        Assert.Equal((422, 1), (reply.Status, sut.Provider.Received.Count));
        Assert.Contains("cut off", reply.Body, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Chat_RefusalOrToolCall_IsNotHeldToTheSchema()
    {
        const string Refusal = """{"id":"1","choices":[{"index":0,"message":{"role":"assistant","content":null,"refusal":"No."},"finish_reason":"stop"}]}""";
        const string Tool = """{"id":"1","choices":[{"index":0,"message":{"role":"assistant","content":null,"tool_calls":[{"id":"1"}]},"finish_reason":"tool_calls"}]}""";
        await using var sut = await ProviderGateway.StartAsync(_redis);
        sut.Provider.Script(FakeProvider.Json(Refusal), FakeProvider.Json(Tool));

        Assert.Equal(Refusal, (await sut.ChatAsync(Format)).Body);
        Assert.Equal(Tool, (await sut.ChatAsync(Format)).Body);
    }

    [Fact]
    public async Task Chat_SchemaIsNone_Is400BeforeAnybodyIsAsked()
    {
        await using var sut = await ProviderGateway.StartAsync(_redis);

        var reply = await sut.ChatAsync("""
            "response_format":{"type":"json_schema","json_schema":{"name":"n","schema":{"type":"nothing"}}}
            """);

        Assert.Equal((400, 0), (reply.Status, sut.Provider.Received.Count));
        Assert.StartsWith("response_format", reply.Json.GetProperty("error").GetProperty("param").GetString(), StringComparison.Ordinal);
    }

    public static TheoryData<string> Fences => new("```json\n{0}\n```", "```\n{0}\n```", "  ```JSON\n{0}```\n");

    [Theory]
    [MemberData(nameof(Fences))]
    public async Task Chat_AnswerIsOneFencedBlock_IsDeliveredBare(string fence)
    {
        await using var sut = await ProviderGateway.StartAsync(_redis);
        var fenced = fence.Replace("{0}", Good, StringComparison.Ordinal);
        var answer = FakeProvider.ChatJson(fenced);
        sut.Provider.Otherwise = FakeProvider.Json(answer);

        foreach (var format in new[] { Format, ObjectFormat })
        {
            var reply = await sut.ChatAsync(format);

            Assert.Equal((200, "1"), (reply.Status, reply.Header("X-Attempts")));
            Assert.Equal(
                JsonSerializer.Serialize(JsonDocument.Parse(FakeProvider.ChatJson(Good)).RootElement),
                JsonSerializer.Serialize(reply.Json));
        }

        Assert.Equal(answer, (await sut.ChatAsync()).Body);
    }

    [Fact]
    public async Task Chat_SeveralChoices_OnlyTheFencedOnesChange()
    {
        await using var sut = await ProviderGateway.StartAsync(_redis);
        const string Answer = """
            {"id":"1","choices":[{"message":{"content":"x","role":"a","content":"```json\n{\"a\":1}\n```"},"finish_reason":"stop"} ,
            {"message":{"content":"{\"a\": 2}"},"finish_reason":"stop"},{"message":{"content":"```","tool_calls":[{"id":"1"}]}}],"usage":{"prompt_tokens":1}}
            """;
        sut.Provider.Script(FakeProvider.Json(Answer));

        var reply = await sut.ChatAsync(Format);

        Assert.Equal(Answer.Replace("\"```json\\n{\\\"a\\\":1}\\n```\"", "\"{\\\"a\\\":1}\"", StringComparison.Ordinal), reply.Body);
    }

    [Theory]
    [InlineData("A poem.")]
    [InlineData("[1]")]
    [InlineData("1")]
    [InlineData("{} {}")]
    [InlineData("{\"a\":}")]
    [InlineData("```json\nA poem.\n```")]
    [InlineData("Here: ```json\n{}\n```")]
    public async Task Chat_JsonObjectIsNone_IsCorrectedThenRefused(string content)
    {
        await using var sut = await ProviderGateway.StartAsync(_redis, "Models:gpt:MaxCorrections=1");
        sut.Provider.Script(
            FakeProvider.Says(content), FakeProvider.Says("{\"any\":[1]}"), FakeProvider.Says(content), FakeProvider.Says(content));

        var corrected = await sut.ChatAsync(ObjectFormat);
        var refused = await sut.ChatAsync(ObjectFormat);

        Assert.Equal((200, "2"), (corrected.Status, corrected.Header("X-Attempts")));
        Assert.Contains("a JSON object", sut.Provider.Received[1].Json.GetProperty("messages")[2].GetProperty("content").GetString(), StringComparison.Ordinal);
        Assert.Equal((422, "answer_invalid", 4), (refused.Status, refused.ErrorCode, sut.Provider.Received.Count));
    }

    [Theory]
    [InlineData("```json\n|{\"a\":1}|\n```")]
    [InlineData("`|`|`js|on\n{\"a|\":1|}\n`|``|\n")]
    [InlineData("  |```|{\"a\":|1}\n|```")]
    [InlineData("``|`json|{\"a\":1}")]
    public async Task Stream_FencedBlock_IsDeliveredBare(string pieces)
    {
        await using var sut = await ProviderGateway.StartAsync(_redis);
        sut.Provider.Otherwise = FakeProvider.StreamsWords(pieces.Split('|'));

        foreach (var format in new[] { Format, ObjectFormat })
        {
            var reply = await sut.ChatAsync($"{format},\"stream\":true");

            Assert.Equal("{\"a\":1}", ContentOf(reply.Body));
            Assert.EndsWith("data: [DONE]\n\n", reply.Body, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Stream_NotFenced_PassesAsItCame()
    {
        await using var sut = await ProviderGateway.StartAsync(_redis);
        sut.Provider.Script(FakeProvider.StreamsWords("{", "\"a\"", ":1}", "\n"));

        var reply = await sut.ChatAsync($"{Format},\"stream\":true");

        string[] expected = [FakeProvider.Chunk("{"), FakeProvider.Chunk("\"a\""), FakeProvider.Chunk(":1}"), FakeProvider.Chunk("\n"),
            FakeProvider.Chunk("", "stop"), "[DONE]"];
        Assert.Equal(string.Concat(expected.Select(chunk => $"data: {chunk}\n\n")), reply.Body);
    }

    [Fact]
    public async Task Stream_FencedChoicesAndOneThatIsHeldAtItsEnd_AllComeWhole()
    {
        await using var sut = await ProviderGateway.StartAsync(_redis);
        sut.Provider.Script(FakeProvider.Streams(
        [
            """{"choices":[{"index":0,"delta":{"role":"assistant","content":"```json\n{\"a\""}},{"index":1,"delta":{"content":" "}}]}""",
            """{"choices":[{"index":1,"delta":{"content":"{\"a\":2}"}},{"index":0,"delta":{"content":":1}\n"}},{"index":2,"delta":{"refusal":"No."}}]}""",
            """{"choices":[{"index":0,"delta":{},"finish_reason":"stop"},{"index":1,"delta":{"content":null},"finish_reason":"stop"},{"index":2,"finish_reason":"stop"}]}""",
        ]));

        var reply = await sut.ChatAsync($"{Format},\"stream\":true,\"n\":3");

        Assert.Equal("{\"a\":1}\n", ContentOf(reply.Body, 0));
        Assert.Equal(" {\"a\":2}", ContentOf(reply.Body, 1));
        Assert.EndsWith("data: [DONE]\n\n", reply.Body, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("A poem.")]
    [InlineData("```json\nA poem.\n```")]
    [InlineData("```json\n{}\n``` I hope that helps.")]
    public async Task Stream_JsonObjectIsNone_EndsWithAnErrorEvent(string content)
    {
        await using var sut = await ProviderGateway.StartAsync(_redis);
        sut.Provider.Script(FakeProvider.StreamsWords([.. content.Select(one => one.ToString())]));

        var reply = await sut.ChatAsync($"{ObjectFormat},\"stream\":true");

        var last = reply.Body.Split("\n\n", StringSplitOptions.RemoveEmptyEntries)[^1];
        Assert.Equal(
            "answer_invalid", JsonDocument.Parse(last["data: ".Length..]).RootElement.GetProperty("error").GetProperty("code").GetString());
    }

    [Theory]
    [InlineData("{\"a\":", "1}", true)]
    [InlineData("{\"a\":", "\"one\"}", false)]
    public async Task Stream_WithSchema_IsCheckedAtItsEnd(string first, string second, bool fits)
    {
        await using var sut = await ProviderGateway.StartAsync(_redis);
        sut.Provider.Script(FakeProvider.StreamsWords(first, second));

        var reply = await sut.ChatAsync($"{Format},\"stream\":true");

        var events = reply.Body.Split("\n\n", StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal($"data: {FakeProvider.Chunk(second)}", events[1]);
        if (fits)
        {
            Assert.Equal("data: [DONE]", events[^1]);
        }
        else
        {
            Assert.Equal(
                "answer_invalid",
                JsonDocument.Parse(events[^1]["data: ".Length..]).RootElement.GetProperty("error").GetProperty("code").GetString());
        }
    }

    /// <summary>The text of a choice of a stream, joined as clients do.</summary>
    private static string ContentOf(string stream, int index = 0) => string.Concat(
        stream.Split("\n\n", StringSplitOptions.RemoveEmptyEntries).Select(one => one["data: ".Length..]).Where(data => data != "[DONE]")
            .SelectMany(data => JsonDocument.Parse(data).RootElement.GetProperty("choices").EnumerateArray())
            .Where(choice => choice.GetProperty("index").GetInt32() == index && choice.TryGetProperty("delta", out var delta) && delta.TryGetProperty("content", out _))
            .Select(choice => choice.GetProperty("delta").GetProperty("content").GetString()));
}
