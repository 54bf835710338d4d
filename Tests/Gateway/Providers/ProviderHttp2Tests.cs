using AiPlatform.Benchmarks.Processes;
using AiPlatform.Tests.Fixtures;
using AiPlatform.Tests.Gateway.Fixtures;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Xunit;

namespace AiPlatform.Tests.Gateway.Providers;

/// <summary>Calls to a provider over HTTP/2, many of which share a connection.</summary>
public sealed class ProviderHttp2Tests(RedisServer redis) : IClassFixture<RedisServer>
{
    /// <summary>More than a connection to Kestrel takes, which is 100.</summary>
    private const int ManyCalls = 250;

    /// <summary>More than the failures at which the circuit breaker opens, and fewer than a connection takes.</summary>
    private const int SharedCalls = 60;

    private const string Streaming = "\"stream\":true";

    private readonly RedisServer _redis = redis;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Chats_WholeAndStreamed_ShareAConnection()
    {
        await using var sut = await StartAsync();
        sut.Provider.Script(FakeProvider.Says("whole"), FakeProvider.StreamsWords("a", "stream"));

        var whole = await sut.ChatAsync();
        var stream = await sut.ChatAsync(Streaming);

        Assert.Equal((200, 200), (whole.Status, stream.Status));
        Assert.Contains("whole", whole.Body, StringComparison.Ordinal);
        Assert.EndsWith($"data: {FakeProvider.Chunk("", "stop")}\n\ndata: [DONE]\n\n", stream.Body, StringComparison.Ordinal);
        Assert.Equal(["HTTP/2", "HTTP/2"], sut.Provider.Received.Select(call => call.Protocol));
        Assert.Single(sut.Provider.Received.Select(call => call.Connection).Distinct());
    }

    [Fact]
    public async Task Chats_MoreThanAConnectionTakes_AllReachTheProvider()
    {
        await using var sut = await StartAsync();
        var go = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        sut.Provider.Otherwise = WaitsFor(go);

        var calls = Enumerable.Range(0, ManyCalls).Select(_ => sut.ChatAsync()).ToList();
        await Poll.UntilAsync(() => sut.Provider.UnderWay == ManyCalls, () => $"{sut.Provider.UnderWay} calls have come");
        go.SetResult();

        Assert.All(await Task.WhenAll(calls), reply => Assert.Equal((200, "1"), (reply.Status, reply.Header("X-Attempts"))));
        Assert.InRange(sut.Provider.Received.Select(call => call.Connection).Distinct().Count(), 3, 25);
    }

    [Fact]
    public async Task Chat_CallerLeaves_OnlyItsCallIsCanceled()
    {
        await using var sut = await StartAsync();
        var go = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        sut.Provider.Script(FakeProvider.HangsAsync, WaitsFor(go));
        using var leaving = new CancellationTokenSource();
        using var request = ProviderGateway.ChatRequest();
        var left = sut.Gateway.Client.SendAsync(request, leaving.Token);
        await Poll.UntilAsync(() => sut.Provider.UnderWay == 1, "the first call is under way");
        var stays = sut.ChatAsync();
        await Poll.UntilAsync(() => sut.Provider.UnderWay == 2, "both calls are under way");

        await leaving.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => left);
        await Poll.UntilAsync(() => sut.Provider is { Aborted: 1, UnderWay: 1 }, "the provider knows that the caller has left");
        go.SetResult();

        Assert.Equal((200, "1"), ((await stays).Status, (await stays).Header("X-Attempts")));
        Assert.Equal(1, sut.Provider.Aborted);
        Assert.Single(sut.Provider.Received.Select(call => call.Connection).Distinct());
    }

    [Fact]
    public async Task Chat_AttemptsBreakOff_AreTriedAgain()
    {
        await using var sut = await StartAsync("Models:gpt:MaxRetries=2");
        sut.Provider.Script(FakeProvider.ResetsAsync, FakeProvider.TruncatesAsync);

        var reply = await sut.ChatAsync();

        Assert.Equal((200, "gpt=connection, gpt=truncated"), (reply.Status, reply.Header("X-Attempt-Failures")));
    }

    [Fact]
    public async Task Stream_BreaksOff_EndsWithAnErrorAndDisturbsNoOther()
    {
        await using var sut = await StartAsync();
        TaskCompletionSource go = new(TaskCreationOptions.RunContinuationsAsynchronously), gone = new(go.Task.CreationOptions);
        sut.Provider.Script(
            FakeProvider.Streams([FakeProvider.Chunk("a")], done: false, async context =>
            {
                await go.Task;
                await FakeProvider.ResetsAsync(context);
                gone.SetResult();
            }),
            FakeProvider.Streams([FakeProvider.Chunk("b")], done: false, async context =>
            {
                go.SetResult();
                await gone.Task;
                foreach (var chunk in (string[])[FakeProvider.Chunk("", "stop"), "[DONE]"])
                    await FakeProvider.SendAsync(context, $"data: {chunk}\n\n");
            }));

        var broken = sut.ChatAsync(Streaming);
        await Poll.UntilAsync(() => sut.Provider.UnderWay == 1, "the first stream is under way");
        var whole = await sut.ChatAsync(Streaming);

        Assert.Contains("\"error\"", (await broken).Body, StringComparison.Ordinal);
        Assert.DoesNotContain("[DONE]", (await broken).Body, StringComparison.Ordinal);
        Assert.EndsWith("data: [DONE]\n\n", whole.Body, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Chat_ProviderWasStartedAgain_IsAnswered()
    {
        await using var sut = await StartAsync();
        Assert.Equal(200, (await sut.ChatAsync()).Status);
        await sut.Provider.DisposeAsync();
        await using var again = await FakeProvider.StartAsync(HttpProtocols.Http2, port: sut.Provider.Address.Port);

        var reply = await sut.ChatAsync();

        Assert.Equal(200, reply.Status);
        Assert.Equal("HTTP/2", Assert.Single(again.Received).Protocol);
    }

    /// <summary>A network that forgets a connection tells neither end. HTTP/2 would go on using it.</summary>
    [Fact]
    public async Task Chat_ConnectionIsLost_IsTriedAgainOnAnotherOne()
    {
        var provider = await FakeProvider.StartAsync(HttpProtocols.Http2);
        await using var relay = TcpRelay.To(provider.Address.Port);
        await using var sut = await ProviderGateway.StartAsync(
            _redis, provider, "Providers:relayed:HttpVersion=2", $"Providers:relayed:BaseUrl=http://127.0.0.1:{relay.Port}/v1",
            "Models:relayed:Provider=relayed");
        Assert.Equal(200, (await sut.ChatAsync(model: "relayed")).Status);

        await relay.CutAsync(NetworkCut.HalfOpen);
        relay.Mend();
        var reply = await sut.ChatAsync(model: "relayed");

        Assert.Equal((200, "relayed=connection"), (reply.Status, reply.Header("X-Attempt-Failures")));
    }

    /// <summary>Counted one by one, the failures would open the circuit breaker, and the retries would be refused.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Chats_SharedConnectionBreaks_AllAreTriedAgain(bool streamsHaveBegun)
    {
        var provider = await FakeProvider.StartAsync(HttpProtocols.Http2);
        await using var relay = TcpRelay.To(provider.Address.Port);
        await using var sut = await ProviderGateway.StartAsync(
            _redis, provider, "Providers:relayed:HttpVersion=2", $"Providers:relayed:BaseUrl=http://127.0.0.1:{relay.Port}/v1",
            "Models:relayed:Provider=relayed");
        provider.Otherwise = streamsHaveBegun ? BeginsAsync : FakeProvider.HangsAsync;
        var calls = Enumerable.Range(0, SharedCalls)
            .Select(_ => sut.ChatAsync(streamsHaveBegun ? Streaming : "", model: "relayed")).ToList();
        await Poll.UntilAsync(() => provider.UnderWay == SharedCalls, "all calls are under way");
        Assert.Single(provider.Received.Select(call => call.Connection).Distinct());

        provider.Otherwise = streamsHaveBegun ? FakeProvider.StreamsWords("late") : FakeProvider.Says("late");
        await relay.CutAsync(NetworkCut.Refused);
        relay.Mend();
        var replies = await Task.WhenAll(calls);

        Assert.All(replies, reply => Assert.Equal((200, "2"), (reply.Status, reply.Header("X-Attempts"))));
        Assert.All(replies, reply => Assert.Contains("late", reply.Body, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Chat_ProviderDoesNotSpeakIt_SaysSo()
    {
        await using var old = new RawProvider();
        old.Answer("400 Bad Request", [], []);
        await using var sut = await ProviderGateway.StartAsync(
            _redis, "Providers:old:HttpVersion=2", $"Providers:old:BaseUrl={old.Address}", "Models:old:Provider=old",
            "Models:old:MaxRetries=0");

        var reply = await sut.ChatAsync(model: "old");

        Assert.Equal(502, reply.Status);
        Assert.Contains("it does not speak HTTP/2", reply.Body, StringComparison.Ordinal);
    }

    /// <summary>The Gateway is a process of its own, because the certificates that a process trusts are read once.</summary>
    [Fact]
    public async Task Chat_OverHttps_TakesTheVersionThatBothSpeak()
    {
        using var certificate = HttpsProvider.Certificate();
        var file = Path.Combine(Path.GetTempPath(), $"{Guid.NewGuid():n}.pem");
        await File.WriteAllTextAsync(file, certificate.ExportCertificatePem(), Ct);
        try
        {
            await using var modern = await FakeProvider.StartAsync(HttpProtocols.Http1AndHttp2, certificate);
            await using var old = await FakeProvider.StartAsync(HttpProtocols.Http1, certificate);
            await using var gateway = AiProcess.Start(
                "Gateway",
                [
                    ("ConnectionStrings__redis", _redis.ConnectionString), ("SSL_CERT_FILE", file),
                    .. Settings("modern", modern), .. Settings("old", old), .. Settings("kept", modern), .. Settings("only", modern),
                    ("Providers__kept__HttpVersion", "1.1"), ("Providers__only__HttpVersion", "2"),
                ]);
            using var http = new HttpClient { BaseAddress = gateway.Address };
            await gateway.UntilReadyAsync(http);

            foreach (var model in (string[])["modern", "old", "kept", "only"])
            {
                using var request = ProviderGateway.ChatRequest(model: model);
                using var reply = await http.SendAsync(request, Ct);
                Assert.True(reply.IsSuccessStatusCode, await reply.Content.ReadAsStringAsync(Ct));
            }

            Assert.Equal(["HTTP/2", "HTTP/1.1", "HTTP/2"], modern.Received.Select(call => call.Protocol));
            Assert.Equal(["HTTP/1.1"], old.Received.Select(call => call.Protocol));
        }
        finally
        {
            File.Delete(file);
        }
    }

    [Theory]
    [InlineData("3")]
    [InlineData("HTTP/2")]
    [InlineData("")]
    public async Task Setting_NoVersion_IsRefused(string value)
    {
        var refused = await Assert.ThrowsAnyAsync<Exception>(
            () => ProviderGateway.StartAsync(_redis, $"Providers:fake:HttpVersion={value}"));

        Assert.Contains("HttpVersion must be auto, 1.1 or 2.", refused.Message, StringComparison.Ordinal);
    }

    private async Task<ProviderGateway> StartAsync(params string[] settings) => await ProviderGateway.StartAsync(
        _redis, await FakeProvider.StartAsync(HttpProtocols.Http2), ["Providers:fake:HttpVersion=2", .. settings]);

    private static Func<HttpContext, Task> WaitsFor(TaskCompletionSource go) => async context =>
    {
        await go.Task.WaitAsync(context.RequestAborted);
        await FakeProvider.Says("late")(context);
    };

    /// <summary>Sends the headers and a ping of a stream, and no event.</summary>
    private static async Task BeginsAsync(HttpContext context)
    {
        context.Response.ContentType = "text/event-stream";
        await FakeProvider.SendAsync(context, ": ping\n\n");
        await FakeProvider.HangsAsync(context);
    }

    private static (string Key, string Value)[] Settings(string name, FakeProvider provider) =>
    [
        ($"Providers__{name}__BaseUrl", provider.Address.ToString()), ($"Models__{name}__Provider", name),
        ($"Models__{name}__MaxRetries", "0"),
    ];
}
