using System.Net.Sockets;
using System.Text;
using AiPlatform.Tests.Fixtures;
using AiPlatform.Tests.Gateway.Fixtures;
using Xunit;

namespace AiPlatform.Tests.Gateway.Providers.Streams;

/// <summary>Streams of a provider, over real HTTP.</summary>
public sealed class ProviderStreamTests(RedisServer redis) : IClassFixture<RedisServer>
{
    private const string Streaming = "\"stream\":true";

    private readonly RedisServer _redis = redis;

    [Fact]
    public async Task Stream_WithoutUsageAsked_PassesEveryChunkAndDropsTheUsageThatWeAskedFor()
    {
        await using var sut = await ProviderGateway.StartAsync(_redis);
        sut.Provider.Script(FakeProvider.StreamsWords("Hel", "lo"));

        var reply = await sut.ChatAsync(Streaming);

        var expected = new[] { FakeProvider.Chunk("Hel"), FakeProvider.Chunk("lo"), FakeProvider.Chunk("", "stop"), "[DONE]" };
        Assert.Equal(string.Concat(expected.Select(chunk => $"data: {chunk}\n\n")), reply.Body);
        Assert.True(sut.Provider.Received[0].Json.GetProperty("stream_options").GetProperty("include_usage").GetBoolean());
        Assert.Equal(("gpt", "fake", "1"), (reply.Header("X-Model"), reply.Header("X-Provider"), reply.Header("X-Attempts")));
    }

    [Fact]
    public async Task Stream_UsageAsked_PassesIt()
    {
        await using var sut = await ProviderGateway.StartAsync(_redis);
        sut.Provider.Script(FakeProvider.StreamsWords("a"));

        var reply = await sut.ChatAsync($"{Streaming},\"stream_options\":{{\"include_usage\":true}}");

        Assert.Contains(FakeProvider.UsageChunk, reply.Body, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Stream_Chunk_IsThereBeforeTheNextOneIsSent()
    {
        await using var sut = await ProviderGateway.StartAsync(_redis);
        var go = new TaskCompletionSource();
        sut.Provider.Script(async context =>
        {
            context.Response.ContentType = "text/event-stream";
            await FakeProvider.SendAsync(context, $": ping\n\ndata: {FakeProvider.Chunk("first")}\n\n");
            await go.Task;
            await FakeProvider.SendAsync(context, $"data: {FakeProvider.Chunk("", "stop")}\n\ndata: [DONE]\n\n");
        });
        using var request = ProviderGateway.ChatRequest(Streaming);

        using var response = await sut.Gateway.Client.SendAsync(
            request, HttpCompletionOption.ResponseHeadersRead, TestContext.Current.CancellationToken);
        using var reader = new StreamReader(await response.Content.ReadAsStreamAsync(TestContext.Current.CancellationToken));
        var first = await reader.ReadLineAsync(TestContext.Current.CancellationToken).AsTask().WaitAsync(TimeSpan.FromSeconds(30));
        go.SetResult();
        var rest = await reader.ReadToEndAsync(TestContext.Current.CancellationToken);

        Assert.Equal($"data: {FakeProvider.Chunk("first")}", first);
        Assert.EndsWith("data: [DONE]\n\n", rest, StringComparison.Ordinal);
        Assert.Equal(
            ("text/event-stream", "no-cache"),
            (response.Content.Headers.ContentType!.MediaType, response.Headers.CacheControl!.ToString()));
    }

    public static TheoryData<string> BadBeginnings =>
        new(
            "503", "hang", "reset", "error event", "malformed", "not an object", "no choice", "choice of null", "json", "empty",
            "nothing but comments");

    [Theory]
    [MemberData(nameof(BadBeginnings))]
    public async Task Stream_BeginsBadly_IsRetriedUnseen(string how)
    {
        await using var sut = await ProviderGateway.StartAsync(_redis, how == "hang" ? ["Models:gpt:FirstByteTimeout=00:00:02"] : []);
        sut.Provider.Script(
            how switch
            {
                "503" => FakeProvider.Fails(503),
                "hang" => FakeProvider.HangsAsync,
                "reset" => FakeProvider.ResetsAsync,
                "error event" => FakeProvider.Streams(["""{"error":{"message":"overloaded","code":"server_error"}}"""], done: false),
                "malformed" => FakeProvider.Streams(["{\"choices\":["]),
                "not an object" => FakeProvider.Streams(["[]"]),
                "no choice" => FakeProvider.Streams(["""{"hello":1}""", """{"choices":[]}""", FakeProvider.UsageChunk]),
                "choice of null" => FakeProvider.Streams(["""{"choices":[null]}"""]),
                "json" => FakeProvider.Says("not a stream"),
                "empty" => FakeProvider.Streams([], done: false),
                _ => FakeProvider.Answers(200, "text/event-stream", ": ping\n\n: ping\n\n"),
            },
            FakeProvider.StreamsWords("fine"));

        var reply = await sut.ChatAsync(Streaming);

        Assert.Equal((200, "2"), (reply.Status, reply.Header("X-Attempts")));
        Assert.StartsWith($"data: {FakeProvider.Chunk("fine")}", reply.Body, StringComparison.Ordinal);
        Assert.EndsWith("data: [DONE]\n\n", reply.Body, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("reset", "provider_failed")]
    [InlineData("hang", "provider_timeout")]
    [InlineData("ends early", "provider_failed")]
    [InlineData("malformed", "provider_failed")]
    [InlineData("error event", "provider_failed")]
    public async Task Stream_BreaksInTheMiddle_EndsWithAnErrorEventAndIsNotRepeated(string how, string code)
    {
        await using var sut = await ProviderGateway.StartAsync(_redis, how == "hang" ? ["Models:gpt:IdleTimeout=00:00:00.500"] : []);
        var begun = new TaskCompletionSource();
        sut.Provider.Script(FakeProvider.Streams([FakeProvider.Chunk("begun")], done: false, async context =>
        {
            await begun.Task;
            if (how == "reset") context.Abort();
            if (how == "hang") await FakeProvider.HangsAsync(context);
            if (how == "malformed") await FakeProvider.SendAsync(context, "data: {nonsense\n\n");
            if (how == "error event") await FakeProvider.SendAsync(context, "data: {\"error\":{\"message\":\"boom\"}}\n\n");
        }));

        using var request = ProviderGateway.ChatRequest(Streaming);
        using var response = await sut.Gateway.Client.SendAsync(
            request, HttpCompletionOption.ResponseHeadersRead, TestContext.Current.CancellationToken);
        using var reader = new StreamReader(await response.Content.ReadAsStreamAsync(TestContext.Current.CancellationToken));
        var first = await reader.ReadLineAsync(TestContext.Current.CancellationToken);
        begun.SetResult();
        var rest = await reader.ReadToEndAsync(TestContext.Current.CancellationToken);

        Assert.Equal($"data: {FakeProvider.Chunk("begun")}", first);
        Assert.Contains(
            $"\"code\":\"{code}\"", rest.Split("\n\n", StringSplitOptions.RemoveEmptyEntries)[^1], StringComparison.Ordinal);
        Assert.DoesNotContain("[DONE]", rest, StringComparison.Ordinal);
        Assert.DoesNotContain("\\u", rest, StringComparison.Ordinal);
        Assert.Single(sut.Provider.Received);
    }

    [Fact]
    public async Task Stream_EndsWithoutDoneButFinished_IsWhole()
    {
        await using var sut = await ProviderGateway.StartAsync(_redis);
        sut.Provider.Script(FakeProvider.Streams([FakeProvider.Chunk("a"), FakeProvider.Chunk("", "stop")], done: false));

        var reply = await sut.ChatAsync(Streaming);

        Assert.EndsWith("data: [DONE]\n\n", reply.Body, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Stream_ClientLeaves_EndsTheProvidersStream()
    {
        await using var sut = await ProviderGateway.StartAsync(_redis);
        sut.Provider.Script(FakeProvider.Streams([FakeProvider.Chunk("a")], done: false, FakeProvider.HangsAsync));
        using var request = ProviderGateway.ChatRequest(Streaming);

        var response = await sut.Gateway.Client.SendAsync(
            request, HttpCompletionOption.ResponseHeadersRead, TestContext.Current.CancellationToken);
        response.Dispose();

        await Poll.UntilAsync(() => sut.Provider is { UnderWay: 0, Aborted: 1 }, "the provider's stream was ended");
    }

    [Fact]
    public async Task Stream_ClientReadsSlowly_HoldsTheProvider()
    {
        await using var sut = await ProviderGateway.StartAsync(_redis, "Models:gpt:IdleTimeout=00:05:00", "Models:gpt:Timeout=00:05:00");
        var sent = 0;
        var large = FakeProvider.Chunk(new string('x', 100_000));
        sut.Provider.Script(async context =>
        {
            context.Response.ContentType = "text/event-stream";
            for (; sent < 1_000; Interlocked.Increment(ref sent)) await FakeProvider.SendAsync(context, $"data: {large}\n\n");
        });
        using var client = new TcpClient { ReceiveBufferSize = 4_096 };
        await client.ConnectAsync(sut.Gateway.Address.Host, sut.Gateway.Address.Port, TestContext.Current.CancellationToken);
        var body = $$"""{"model":"gpt","messages":[{}],{{Streaming}}}""";
        await client.GetStream().WriteAsync(
            Encoding.UTF8.GetBytes(
                $"POST /v1/chat/completions HTTP/1.1\r\nHost: {sut.Gateway.Address.Authority}\r\nContent-Type: application/json\r\n"
                + $"Content-Length: {body.Length}\r\n\r\n{body}"),
            TestContext.Current.CancellationToken);

        var seen = -1;
        await Poll.UntilAsync(
            async () =>
            {
                var before = Volatile.Read(ref sent);
                await Task.Delay(TimeSpan.FromMilliseconds(500), TimeProvider.System, CancellationToken.None);
                seen = Volatile.Read(ref sent);
                return seen == before && seen > 0;
            },
            "the provider is held");

        Assert.True(seen < 500, $"{seen} chunks of 100 kB were taken though nobody read");
    }
}
