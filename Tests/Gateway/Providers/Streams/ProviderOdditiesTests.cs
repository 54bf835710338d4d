using System.Text;
using System.Text.Json;
using AiPlatform.Tests.Fixtures;
using AiPlatform.Tests.Gateway.Fixtures;
using Xunit;

namespace AiPlatform.Tests.Gateway.Providers.Streams;

/// <summary>Nothing that a provider sends becomes a 500, and a caller gets nothing that an SDK cannot read.</summary>
public sealed class ProviderOdditiesTests(RedisServer redis) : IClassFixture<RedisServer>
{
    private const string Streaming = "\"stream\":true";

    private const string AnyText = """
        "response_format":{"type":"json_schema","json_schema":{"name":"n","schema":{"type":"string"}}},"stream":true
        """;

    private const string AnyTextWhole = """
        "response_format":{"type":"json_schema","json_schema":{"name":"n","schema":{"type":"string"}}}
        """;

    [Theory]
    [InlineData(999, "")]
    [InlineData(999, Streaming)]
    [InlineData(640, "")]
    [InlineData(204, "")]
    [InlineData(204, Streaming)]
    [InlineData(304, "")]
    [InlineData(304, Streaming)]
    [InlineData(205, "")]
    [InlineData(305, "")]
    [InlineData(599, Streaming)]
    public async Task Status_ThatIsNoAnswer_IsAFailedAttempt(int status, string more)
    {
        await using var sut = await ProviderGateway.StartAsync(redis, "Models:gpt:MaxRetries=0");
        sut.Provider.Otherwise = context => Task.FromResult(context.Response.StatusCode = status);

        var reply = await sut.ChatAsync(more);

        Assert.Equal((502, "provider_failed"), (reply.Status, reply.ErrorCode));
        Assert.StartsWith("gpt=", reply.Header("X-Attempt-Failures"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("retry-after-ms", "NaN")]
    [InlineData("retry-after-ms", "-5")]
    [InlineData("retry-after-ms", "1e308")]
    [InlineData("retry-after-ms", "Infinity")]
    [InlineData("retry-after-ms", "-Infinity")]
    [InlineData("retry-after-ms", "99999999999999999999999999")]
    [InlineData("retry-after-ms", "soon")]
    [InlineData("Retry-After", "99999999999999999999")]
    [InlineData("Retry-After", "2147483647")]
    [InlineData("Retry-After", "-1")]
    [InlineData("Retry-After", "Fri, 31 Dec 9999 23:59:59 GMT")]
    [InlineData("Retry-After", "Wed, 21 Oct 1925 07:28:00 GMT")]
    [InlineData("Retry-After", "1, 2")]
    public async Task RetryAfter_ThatIsUnusable_IsIgnoredOrBounded(string name, string value)
    {
        await using var sut = await ProviderGateway.StartAsync(redis, "Models:gpt:MaxRetries=0");
        sut.Provider.Otherwise = FakeProvider.Fails(429, "rate_limit_exceeded", headers: (name, value));

        var reply = await sut.ChatAsync();

        Assert.Equal((429, "rate_limit_exceeded"), (reply.Status, reply.ErrorCode));
        Assert.InRange(long.Parse(reply.Header("Retry-After"), provider: null), 1, 86_400);
    }

    [Theory]
    [InlineData(""" "index":0,"delta":{"content":"\"\ud83d"} """, """ "index":0,"delta":{"content":"\ude00\""} """, true)]
    [InlineData(""" "index":0,"delta":{"content":"\"\ud83d"} """, """ "index":0,"delta":{"content":"\""} """, false)]
    [InlineData(""" "delta":{"content":"\"a"} """, """ "index":0,"delta":{"content":"\""} """, true)]
    [InlineData(""" "index":0,"delta":{"content":"\"a"} """, """ "index":"0","delta":{"content":"\""} """, false)]
    [InlineData(""" "index":0,"delta":{"content":"\"a"} """, """ "index":null,"delta":{"content":"\""} """, false)]
    [InlineData(""" "index":0,"delta":{"content":"\"a"} """, """ "index":-1,"delta":{"content":"\""} """, false)]
    [InlineData(""" "index":0,"delta":{"content":"\"a"} """, """ "index":{},"delta":{"content":"\""} """, false)]
    [InlineData(""" "index":0,"delta":{"content":"\"a"} """, """ "index":0,"delta":{"content":"\""},"finish_reason":"\ud83d" """, false)]
    [InlineData(""" "index":0,"delta":{"content":"\"a"} """, """ "index":1e400,"delta":{"content":"\""} """, false)]
    [InlineData(""" "index":0,"delta":{"content":"\"a"} """, """ "\ud83d":0,"delta":{"content":"\""} """, false)]
    public async Task Stream_WithSchemaAndOddChunks_FitsOrEndsWithAnErrorEvent(string first, string second, bool fits)
    {
        await using var sut = await ProviderGateway.StartAsync(redis, "Models:gpt:MaxRetries=0");
        sut.Provider.Script(FakeProvider.Streams([Chunk(first), Chunk(second), FakeProvider.Chunk("", "stop")]));

        var reply = await sut.ChatAsync(AnyText);

        // Both may come at once, and then nothing has begun.
        var last = reply.Status == 200 ? SseText.DataOf(reply.Body)[^1] : reply.Body;
        if (fits) Assert.Equal("[DONE]", last);
        else Assert.Equal("provider_failed", ErrorCode(last));
    }

    [Theory]
    [InlineData(""" "index":{},"delta":{"content":"\"a"} """)]
    [InlineData(""" "index":"0","delta":{"content":"\"a"} """)]
    [InlineData(""" "index":null,"delta":{"content":"\"a"} """)]
    [InlineData(""" "index":0,"delta":{"refusal":"\ud83d"} """)]
    public async Task Stream_FirstChunkIsMalformed_IsAFailedAttempt(string chunk)
    {
        await using var sut = await ProviderGateway.StartAsync(redis, "Models:gpt:MaxRetries=0");
        sut.Provider.Otherwise = FakeProvider.Streams([Chunk(chunk), FakeProvider.Chunk("", "stop")]);

        var reply = await sut.ChatAsync(AnyText);

        Assert.Equal((502, "gpt=malformed"), (reply.Status, reply.Header("X-Attempt-Failures")));
    }

    /// <summary>Official SDKs cannot join the pieces of such choices.</summary>
    [Theory]
    [InlineData("{}")]
    [InlineData("\"0\"")]
    [InlineData("null")]
    [InlineData("-1")]
    [InlineData("0.5")]
    [InlineData("1e400")]
    public async Task Choice_IndexIsNoNumber_IsAFailedAttempt(string index)
    {
        await using var sut = await ProviderGateway.StartAsync(redis, "Models:gpt:MaxRetries=0");
        sut.Provider.Script(
            FakeProvider.Streams([Chunk($" \"index\":{index},\"delta\":{{\"content\":\"a\"}} "), FakeProvider.Chunk("", "stop")]),
            FakeProvider.Json($$"""{"choices":[{"index":{{index}},"message":{"role":"assistant","content":"a"},"finish_reason":"stop"}]}"""));

        var stream = await sut.ChatAsync(Streaming);
        var whole = await sut.ChatAsync();

        foreach (var reply in (ChatReply[])[stream, whole])
            Assert.Equal((502, "gpt=malformed"), (reply.Status, reply.Header("X-Attempt-Failures")));
    }

    [Fact]
    public async Task Stream_WithSchemaThatNeverEnds_IsBounded()
    {
        await using var sut = await ProviderGateway.StartAsync(redis, "Models:gpt:MaxAnswerBytes=20000");
        sut.Provider.Otherwise = FakeProvider.Streams(Enumerable.Repeat(FakeProvider.Chunk(new string('x', 1_000)), 1_000));

        var reply = await sut.ChatAsync(AnyText);

        var events = SseText.DataOf(reply.Body);
        Assert.InRange(events.Count, 10, 25);
        Assert.Contains("MaxAnswerBytes", events[^1], StringComparison.Ordinal);
        Assert.Equal("provider_failed", ErrorCode(events[^1]));
    }

    /// <summary>Text between and around the events of other servers, and what the caller gets of it.</summary>
    [Theory]
    [InlineData("\uFEFFdata: {1}\n\ndata: {2}\n\ndata: [DONE]\n\n")]
    [InlineData("data: {1}\n\ndata:\n\ndata: {2}\n\ndata: [DONE]\n\n")]
    [InlineData("data: {1}\n\ndata\n\ndata: {2}\n\ndata: [DONE]\n\n")]
    [InlineData("data: {1}\n\ndata:  \n\ndata: {2}\n\ndata: [DONE]\n\n")]
    [InlineData("data: {1}\r\rdata: {2}\r\rdata: [DONE]\r\r")]
    [InlineData("data: {1}\r\n\r\ndata: {2}\r\n\r\ndata: [DONE]\r\n\r\n")]
    [InlineData("data:{1}\n\ndata:{2}\n\ndata:[DONE]\n\n")]
    [InlineData("data:{1}\r\rdata:{2}\r\rdata:[DONE]\r\r")]
    [InlineData("\n\n\ndata: {1}\n\n\n\n\ndata: {2}\n\n\ndata: [DONE]\n\n")]
    [InlineData(": hi\n\ndata: {1}\n\n: ping\n\n:\n\ndata: {2}\n\n: bye\n\ndata: [DONE]\n\n")]
    [InlineData(": hi\ndata: {1}\n: there\n\ndata: {2}\n\ndata: [DONE]\n\n")]
    [InlineData("id: 1\nevent: message\nretry: 5\ndata: {1}\n\nid: 2\ndata: {2}\n\ndata: [DONE]\n\n")]
    [InlineData("event: ping\n\ndata: {1}\n\nevent: ping\n\nid: 7\n\nretry: 1\n\ndata: {2}\n\ndata: [DONE]\n\n")]
    [InlineData("event: ping\ndata: {\"type\":\"ping\"}\n\ndata: {1}\n\nevent: ping\ndata: {\"type\":\"ping\"}\n\ndata: {2}\n\ndata: [DONE]\n\n")]
    [InlineData("data: {1}\n\ndata: {2}\n\ndata: [DONE]")]
    [InlineData("data: {1}\n\ndata: {2}\n\ndata: [DONE] \n\n")]
    [InlineData("data: {1-lines}\n\ndata: {2}\n\ndata: [DONE]\n\n")]
    public async Task Stream_OfAnyForm_IsWhatSdksRead(string stream)
    {
        var (one, two) = (FakeProvider.Chunk("a"), FakeProvider.Chunk("b", null));
        var end = FakeProvider.Chunk("", "stop");
        await using var sut = await ProviderGateway.StartAsync(redis, "Models:gpt:MaxRetries=0");
        sut.Provider.Otherwise = FakeProvider.Answers(200, "text/event-stream", stream
            .Replace("{1-lines}", one.Replace(",", ",\ndata: ", StringComparison.Ordinal), StringComparison.Ordinal)
            .Replace("{1}", one, StringComparison.Ordinal)
            .Replace("{2}", two, StringComparison.Ordinal)
            .Replace("data:[DONE]", "data: [DONE]", StringComparison.Ordinal)
            .Replace("data: [DONE]", $"data: {end}\n\ndata:[DONE]", StringComparison.Ordinal));

        var reply = await sut.ChatAsync(Streaming);

        string[] expected = [one, two, end, "[DONE]"];
        Assert.Equal(200, reply.Status);
        Assert.Equal(expected.Select(Compact), SseText.DataOf(reply.Body).Select(Compact));
    }

    [Theory]
    [InlineData("event: error\ndata: {\"message\":\"overloaded\"}\n\n")]
    [InlineData("data: {\"error\":\"overloaded\"}\n\n")]
    [InlineData("data: {\"error\":{\"code\":529}}\n\n")]
    public async Task Stream_ErrorEvent_IsCalledThat(string stream)
    {
        await using var sut = await ProviderGateway.StartAsync(redis, "Models:gpt:MaxRetries=0");
        sut.Provider.Script(
            FakeProvider.Answers(200, "text/event-stream", stream), FakeProvider.Json("""{"error":{"message":"overloaded","code":"server_error"}}"""));

        var streamed = await sut.ChatAsync(Streaming);
        var whole = await sut.ChatAsync();

        Assert.All([streamed, whole], reply =>
        {
            Assert.Equal((502, "gpt=error_in_200"), (reply.Status, reply.Header("X-Attempt-Failures")));
            Assert.Contains("200 with an error in it", reply.Body, StringComparison.Ordinal);
        });
    }

    /// <summary>As OpenRouter does.</summary>
    [Theory]
    [InlineData(429, 429)]
    [InlineData(402, 429)]
    [InlineData(502, 502)]
    [InlineData(7, 502)]
    public async Task Answer_ErrorWithTheStatusAsItsCode_IsTakenForIt(int code, int status)
    {
        await using var sut = await ProviderGateway.StartAsync(redis, "Models:gpt:MaxRetries=0");
        var error = $$$"""{"error":{"code":{{{code}}},"message":"x"}}""";
        sut.Provider.Script(FakeProvider.Streams([error], done: false), FakeProvider.Json(error));

        Assert.Equal(status, (await sut.ChatAsync(Streaming)).Status);
        Assert.Equal(status, (await sut.ChatAsync()).Status);
    }

    /// <summary>The first event of some (Azure's filter results) has no choice; it belongs to the stream all the same.</summary>
    [Fact]
    public async Task Stream_EventsBeforeTheFirstChoice_AreNotLost()
    {
        const string Filter = """{"choices":[],"prompt_filter_results":[{"prompt_index":0}]}""";
        await using var sut = await ProviderGateway.StartAsync(redis);
        sut.Provider.Script(async context =>
        {
            context.Response.ContentType = "text/event-stream";
            await FakeProvider.SendAsync(context, $": hi\n\ndata: {Filter}\n\n");
            await Task.Delay(TimeSpan.FromMilliseconds(100), TimeProvider.System, CancellationToken.None);
            await FakeProvider.SendAsync(
                context, $"data: {FakeProvider.Chunk("a")}\n\ndata: {FakeProvider.Chunk("", "stop")}\n\ndata: [DONE]\n\n");
        });

        var reply = await sut.ChatAsync(Streaming);

        Assert.Equal([Filter, FakeProvider.Chunk("a"), FakeProvider.Chunk("", "stop"), "[DONE]"], SseText.DataOf(reply.Body));
    }

    [Fact]
    public async Task Answer_IsNotUtf8_IsAFailedAttempt()
    {
        await using var raw = new RawProvider();
        await using var gateway = await GatewayHost.StartAsync(
            redis, $"Providers:raw:BaseUrl={raw.Address}", "Models:gpt:Provider=raw", "Models:gpt:MaxRetries=0");
        byte[] broken = [.. Encoding.UTF8.GetBytes(FakeProvider.ChatJson("é"))];
        broken[Array.IndexOf(broken, (byte)0xC3) is var at and >= 0 ? at : Array.IndexOf(broken, (byte)'7')] = 0xFF;
        raw.Answer("200 OK", ["Content-Type: application/json"], broken);

        using var response = await gateway.PostTextAsync("/v1/chat/completions", """{"model":"gpt","messages":[{"role":"user","content":"hi"}]}""");

        Assert.Equal(502, (int)response.StatusCode);
        Assert.Equal("gpt=malformed", response.Headers.GetValues("X-Attempt-Failures").Single());
    }

    [Theory]
    [InlineData("`")]
    [InlineData("```json\n{\"a\":\"b\"}\n``` and more")]
    [InlineData("")]
    [InlineData("{\"a\":")]
    public async Task Answer_IsNoJson_IsToldWithoutWordsOfDotNet(string said)
    {
        await using var sut = await ProviderGateway.StartAsync(redis, "Models:gpt:MaxCorrections=0");
        sut.Provider.Script(FakeProvider.Says(said), FakeProvider.StreamsWords(said));

        var whole = await sut.ChatAsync(AnyTextWhole);
        var streamed = await sut.ChatAsync(AnyText);

        Assert.Equal(422, whole.Status);
        foreach (var message in new[] { MessageOf(whole.Body), MessageOf(SseText.DataOf(streamed.Body)[^1]) })
        {
            Assert.DoesNotContain("LineNumber", message, StringComparison.Ordinal);
            Assert.DoesNotContain("BytePositionInLine", message, StringComparison.Ordinal);
            Assert.EndsWith(".", message, StringComparison.Ordinal);
            Assert.DoesNotContain("..", message, StringComparison.Ordinal);
        }
    }

    private static string Chunk(string choice) => $$"""{"id":"1","object":"chat.completion.chunk","created":1,"model":"m","choices":[{{{choice}}}]}""";

    private static string Compact(string json) =>
        json.StartsWith('{') ? JsonSerializer.Serialize(JsonDocument.Parse(json).RootElement) : json;

    private static string MessageOf(string json) =>
        JsonDocument.Parse(json).RootElement.GetProperty("error").GetProperty("message").GetString()!;

    private static string ErrorCode(string json) =>
        JsonDocument.Parse(json).RootElement.GetProperty("error").GetProperty("code").GetString()!;
}
