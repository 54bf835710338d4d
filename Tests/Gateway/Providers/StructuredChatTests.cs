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
        if (fits) Assert.Equal("data: [DONE]", events[^1]);
        else Assert.Equal("answer_invalid", JsonDocument.Parse(events[^1]["data: ".Length..]).RootElement.GetProperty("error").GetProperty("code").GetString());
    }
}
