using AiPlatform.Gateway.Providers.Routing;
using AiPlatform.Tests.Fixtures;
using AiPlatform.Tests.Gateway.Fixtures;
using AiPlatform.Tests.Gateway.Providers.Streams;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace AiPlatform.Tests.Gateway.Providers.Routing;

/// <summary>However a call ends, its provider has a free slot for the next one; <c>MaxConcurrentCalls</c> is 1 here.</summary>
public sealed class ProviderSlotTests(RedisServer redis) : IClassFixture<RedisServer>
{
    private const string Streaming = "\"stream\":true";

    private static readonly Func<HttpContext, Task> Commenting = FakeProvider.Answers(200, "text/event-stream", ": ping\n\n: ping\n\n");

    public static TheoryData<string> Endings =>
    [
        .. ProviderStreamTests.BadBeginnings.Select(row => row.Data), "comments and silence", "999", "204", "too large", "400",
        "insufficient_quota",
    ];

    [Theory]
    [MemberData(nameof(Endings))]
    public async Task Stream_DoesNotOpen_GivesItsSlotBack(string how)
    {
        await using var sut = await StartAsync("Models:gpt:FirstByteTimeout=00:00:00.300", "Models:gpt:MaxAnswerBytes=2000");
        sut.Provider.Otherwise = how switch
        {
            "comments and silence" => FakeProvider.Streams([], done: false, async context =>
            {
                await FakeProvider.SendAsync(context, ": ping\n\n");
                await FakeProvider.HangsAsync(context);
            }),
            "999" => FakeProvider.Answers(999, "text/event-stream", ""),
            "204" => context => Task.FromResult(context.Response.StatusCode = 204),
            "too large" => FakeProvider.Streams([new string('x', 3_000)]),
            "no choice" => FakeProvider.Streams([FakeProvider.UsageChunk]),
            "400" => FakeProvider.Fails(400),
            "insufficient_quota" => FakeProvider.Fails(429, "insufficient_quota"),
            "503" => FakeProvider.Fails(503),
            "hang" => FakeProvider.HangsAsync,
            "reset" => FakeProvider.ResetsAsync,
            "error event" => FakeProvider.Streams(["""{"error":{"message":"overloaded","code":"server_error"}}"""], done: false),
            "malformed" => FakeProvider.Streams(["{\"choices\":["]),
            "json" => FakeProvider.Says("not a stream"),
            "empty" => FakeProvider.Streams([], done: false),
            _ => Commenting,
        };

        for (var call = 0; call < 3; call++)
        {
            var reply = await sut.ChatAsync(Streaming);
            Assert.NotEqual(200, reply.Status);
            Assert.NotEqual((429, "rate_limit_exceeded"), (reply.Status, reply.ErrorCode));
        }

        await AssertThereIsRoomAsync(sut);
    }

    [Theory]
    [InlineData("reset")]
    [InlineData("hang")]
    [InlineData("ends early")]
    [InlineData("malformed")]
    [InlineData("error event")]
    [InlineData("whole")]
    public async Task Stream_Ends_GivesItsSlotBack(string how)
    {
        await using var sut = await StartAsync("Models:gpt:IdleTimeout=00:00:00.300");
        sut.Provider.Script(FakeProvider.Streams([FakeProvider.Chunk("begun")], done: how == "whole", async context =>
        {
            if (how == "reset") context.Abort();
            if (how == "hang") await FakeProvider.HangsAsync(context);
            if (how == "malformed") await FakeProvider.SendAsync(context, "data: {nonsense\n\n");
            if (how == "error event") await FakeProvider.SendAsync(context, "data: {\"error\":{\"message\":\"boom\"}}\n\n");
        }));

        await sut.ChatAsync(Streaming);

        await AssertThereIsRoomAsync(sut);
    }

    [Theory]
    [InlineData("before the head", Streaming)]
    [InlineData("before the first event", Streaming)]
    [InlineData("in the middle", Streaming)]
    [InlineData("at the end", Streaming)]
    [InlineData("before the head", "")]
    [InlineData("in the body", "")]
    public async Task Call_ClientLeaves_GivesItsSlotBack(string when, string more)
    {
        await using var sut = await StartAsync();
        var sent = 0;
        sut.Provider.Script(async context =>
        {
            context.Response.ContentType = more.Length > 0 ? "text/event-stream" : "application/json";
            if (when == "before the first event") await FakeProvider.SendAsync(context, ": wait\n\n");
            if (when is "in the middle" or "at the end") await FakeProvider.SendAsync(context, $"data: {FakeProvider.Chunk("a")}\n\n");
            if (when == "at the end") await FakeProvider.SendAsync(context, $"data: {FakeProvider.Chunk("", "stop")}\n\n");
            if (when == "in the body") await FakeProvider.SendAsync(context, "{\"choices\":[");
            Interlocked.Increment(ref sent);
            await FakeProvider.HangsAsync(context);
        });
        using var leave = new CancellationTokenSource();
        using var request = ProviderGateway.ChatRequest(more);

        var call = sut.Gateway.Client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, leave.Token);
        await Poll.UntilAsync(() => Volatile.Read(ref sent) == 1 && UnderWay(sut) > 0, "the call is under way");
        if (when is "in the middle" or "at the end") (await call).Dispose();
        else await leave.CancelAsync();

        await AssertThereIsRoomAsync(sut);
        await Poll.UntilAsync(() => sut.Provider.Aborted == 1, "the provider's call was ended");
    }

    [Fact]
    public async Task Call_DeadlinePassesOrTheProviderIsLeftAlone_GivesItsSlotBack()
    {
        await using var sut = await StartAsync("Providers:fake:BreakerAttempts=4", "Providers:fake:BreakerPause=00:00:03");
        sut.Provider.Otherwise = FakeProvider.HangsAsync;

        Assert.Equal(504, (await sut.ChatAsync(headers: ("X-Request-Timeout", "0.2"))).Status);
        Assert.Equal(504, (await sut.ChatAsync(Streaming, headers: ("X-Request-Timeout", "0.2"))).Status);
        sut.Provider.Otherwise = FakeProvider.Fails(503);
        for (var call = 0; call < 6; call++) await sut.ChatAsync(call % 2 == 0 ? Streaming : "");

        Assert.Equal("provider_unavailable", (await sut.ChatAsync(Streaming)).ErrorCode);
        await AssertThereIsRoomAsync(sut);
    }

    [Fact]
    public async Task Job_IsCanceled_GivesItsSlotBack()
    {
        var model = RedisServer.Unique("gpt");
        await using var sut = await StartAsync($"Models:{model}:Provider=fake");
        sut.Provider.Script(FakeProvider.HangsAsync);

        var reply = await sut.ChatAsync(model: model, headers: ("Prefer", "respond-async"));
        await Poll.UntilAsync(() => sut.Provider.UnderWay == 1, "the job runs");
        using var canceled = await sut.Gateway.Client.DeleteAsync(
            $"/v1/jobs/{reply.Json.GetProperty("id").GetString()}", TestContext.Current.CancellationToken);

        Assert.True(canceled.IsSuccessStatusCode);
        await AssertThereIsRoomAsync(sut);
    }

    private Task<ProviderGateway> StartAsync(params string[] settings) => ProviderGateway.StartAsync(
        redis, ["Providers:fake:MaxConcurrentCalls=1", "Models:gpt:MaxRetries=0", .. settings]);

    private static int UnderWay(ProviderGateway sut) =>
        sut.Gateway.Services.GetRequiredService<ProviderCatalog>().Routes.Providers.Single().UnderWay;

    private static async Task AssertThereIsRoomAsync(ProviderGateway sut)
    {
        await Poll.UntilAsync(() => UnderWay(sut) == 0, () => $"no call is under way, but {UnderWay(sut)} are", TimeSpan.FromSeconds(20));
        sut.Provider.Otherwise = FakeProvider.Says("fine");
        await Poll.UntilAsync(async () => (await sut.ChatAsync()).Status == 200, "the next call is made", TimeSpan.FromSeconds(20));
        Assert.Equal(0, UnderWay(sut));
    }
}
