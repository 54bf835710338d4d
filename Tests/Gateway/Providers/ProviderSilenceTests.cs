using AiPlatform.Tests.Fixtures;
using AiPlatform.Tests.Gateway.Fixtures;
using Xunit;

namespace AiPlatform.Tests.Gateway.Providers;

/// <summary>Models that think before they answer: the Gateway waits for them and does not call them repeatedly.</summary>
public sealed class ProviderSilenceTests(RedisServer redis) : IClassFixture<RedisServer>
{
    private const string Streaming = "\"stream\":true";

    [Theory]
    [InlineData(": PROCESSING\n\n")]
    [InlineData("event: ping\n\n")]
    [InlineData("event: ping\ndata: {\"type\":\"ping\"}\n\n")]
    [InlineData("data:\n\n")]
    public async Task Stream_SignsOfLifeBeforeTheFirstEvent_AreLife(string sign)
    {
        await using var sut = await ProviderGateway.StartAsync(redis, "Models:gpt:FirstByteTimeout=00:00:02.500", "Models:gpt:MaxRetries=0");
        sut.Provider.Otherwise = async context =>
        {
            context.Response.ContentType = "text/event-stream";
            // Much longer than it may be silent.
            for (var sent = 0; sent < 15; sent++)
            {
                await FakeProvider.SendAsync(context, sign);
                await Task.Delay(TimeSpan.FromMilliseconds(300), TimeProvider.System, context.RequestAborted);
            }

            await FakeProvider.SendAsync(
                context, $"data: {FakeProvider.Chunk("Hello")}\n\ndata: {FakeProvider.Chunk("", "stop")}\n\ndata: [DONE]\n\n");
        };

        var reply = await sut.ChatAsync(Streaming);

        Assert.Equal((200, "1"), (reply.Status, reply.Header("X-Attempts")));
        Assert.Contains("Hello", reply.Body, StringComparison.Ordinal);
    }

    /// <summary>Signs of life for ever are bounded by the call's deadline.</summary>
    [Fact]
    public async Task Stream_NothingButSignsOfLife_EndsAtTheDeadline()
    {
        await using var sut = await ProviderGateway.StartAsync(redis, "Models:gpt:Timeout=00:00:02");
        sut.Provider.Otherwise = async context =>
        {
            context.Response.ContentType = "text/event-stream";
            while (!context.RequestAborted.IsCancellationRequested)
            {
                await FakeProvider.SendAsync(context, ": wait\n\n");
                await Task.Delay(TimeSpan.FromMilliseconds(50), TimeProvider.System, CancellationToken.None);
            }
        };

        var reply = await sut.ChatAsync(Streaming);

        Assert.Equal((504, "provider_timeout", "1", "gpt=deadline"), (reply.Status, reply.ErrorCode, reply.Header("X-Attempts"), reply.Header("X-Attempt-Failures")));
        Assert.Contains("deadline of 2 s passed before the stream of the provider 'fake' had an event", reply.Body, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(Streaming, "Models:gpt:FirstByteTimeout=00:00:01")]
    [InlineData("", "Models:gpt:AttemptTimeout=00:00:01")]
    public async Task Call_ProviderIsSilent_IsPaidForTwiceAtMost(string more, string setting)
    {
        await using var sut = await ProviderGateway.StartAsync(redis, setting);
        sut.Provider.Otherwise = FakeProvider.HangsAsync;

        var reply = await sut.ChatAsync(more);

        Assert.Equal((504, "2", "gpt=timeout*2"), (reply.Status, reply.Header("X-Attempts"), reply.Header("X-Attempt-Failures")));
        Assert.Contains("The provider 'fake' was silent for 1 s.", reply.Body, StringComparison.Ordinal);
        Assert.Equal(2, sut.Provider.Received.Count);
    }

    [Fact]
    public async Task Call_ProviderIsSilentAndThereIsAFallback_IsNotAskedAgain()
    {
        await using var sut = await ProviderGateway.StartAsync(
            redis, "Models:gpt:AttemptTimeout=00:00:00.300", "Models:gpt:Fallbacks:0=backup", "Models:backup:Provider=fake");
        sut.Provider.Script(FakeProvider.HangsAsync);

        var reply = await sut.ChatAsync();

        Assert.Equal((200, "backup", "gpt=timeout"), (reply.Status, reply.Header("X-Model"), reply.Header("X-Attempt-Failures")));
    }

    [Theory]
    [InlineData(504)]
    [InlineData(524)]
    public async Task Call_AProxyOfTheProviderGaveUpWaiting_IsPaidForTwiceAtMost(int status)
    {
        await using var sut = await ProviderGateway.StartAsync(redis);
        sut.Provider.Otherwise = FakeProvider.Fails(status, headers: ("Retry-After", "0"));

        var reply = await sut.ChatAsync();

        Assert.Equal((502, 2), (reply.Status, sut.Provider.Received.Count));
    }

    [Theory]
    [InlineData("application/json", "{\"x\":\"", "", "The answer of the provider 'fake' did not end within 1 s.")]
    [InlineData("text/event-stream", "data: {\"x\":\"", Streaming, "The stream of the provider 'fake' had no event for 1 s.")]
    public async Task Call_ProviderBeganAndDidNotEnd_IsToldSo(string contentType, string begin, string more, string message)
    {
        await using var sut = await ProviderGateway.StartAsync(
            redis, "Models:gpt:AttemptTimeout=00:00:01", "Models:gpt:FirstByteTimeout=00:00:01", "Models:gpt:MaxRetries=0");
        sut.Provider.Otherwise = async context =>
        {
            context.Response.ContentType = contentType;
            await FakeProvider.SendAsync(context, begin);
            await FakeProvider.HangsAsync(context);
        };

        var reply = await sut.ChatAsync(more);

        Assert.Equal(504, reply.Status);
        Assert.Contains(message, reply.Body, StringComparison.Ordinal);
    }

    /// <summary>A caller with a short deadline does not count against the provider, so other callers are served.</summary>
    [Fact]
    public async Task Call_ManyShortDeadlines_DoNotOpenTheBreaker()
    {
        await using var sut = await ProviderGateway.StartAsync(
            redis, "Providers:fake:BreakerAttempts=4", "Providers:fake:BreakerWindow=00:01:00");
        sut.Provider.Otherwise = FakeProvider.HangsAsync;

        for (var call = 0; call < 6; call++) Assert.Equal(504, (await sut.ChatAsync(headers: ("X-Request-Timeout", "0.1"))).Status);
        sut.Provider.Otherwise = FakeProvider.Says("fine");

        Assert.Equal(200, (await sut.ChatAsync()).Status);
    }

    [Fact]
    public async Task Stream_UsageThatWeAskForIsRefused_IsAskedForNoMore()
    {
        await using var sut = await ProviderGateway.StartAsync(redis);
        sut.Provider.Otherwise = context => sut.Provider.Received[^1].Body.Contains("stream_options", StringComparison.Ordinal)
            ? FakeProvider.Json("""{"detail":[{"type":"extra_forbidden","loc":["body","stream_options","include_usage"]}]}""", 422)(context)
            : FakeProvider.StreamsWords("a")(context);

        var first = await sut.ChatAsync(Streaming);
        var second = await sut.ChatAsync(Streaming);
        var callers = await sut.ChatAsync($"{Streaming},\"stream_options\":{{\"include_usage\":true}}");

        Assert.Equal((200, "2", "gpt=status_422"), (first.Status, first.Header("X-Attempts"), first.Header("X-Attempt-Failures")));
        Assert.Equal((200, "1", ""), (second.Status, second.Header("X-Attempts"), second.Header("X-Attempt-Failures")));
        Assert.EndsWith("data: [DONE]\n\n", second.Body, StringComparison.Ordinal);
        Assert.Equal((400, 4), (callers.Status, sut.Provider.Received.Count));
    }

    /// <summary>What the caller sent of the field stays.</summary>
    [Fact]
    public async Task Stream_UsageInTheCallersOptionsIsRefused_KeepsTheOptions()
    {
        await using var sut = await ProviderGateway.StartAsync(redis);
        sut.Provider.Otherwise = context => sut.Provider.Received[^1].Body.Contains("include_usage", StringComparison.Ordinal)
            ? FakeProvider.Fails(400, "unknown_parameter", "Unrecognized request argument supplied: stream_options.include_usage")(context)
            : FakeProvider.StreamsWords("a")(context);

        var reply = await sut.ChatAsync($"{Streaming},\"stream_options\":{{\"include_obfuscation\":false}}");

        Assert.Equal(200, reply.Status);
        Assert.Equal("""{"include_obfuscation":false}""", sut.Provider.Received[1].Json.GetProperty("stream_options").GetRawText());
    }

    [Fact]
    public async Task Stream_RefusedForAnotherReason_IsNotMadeAgain()
    {
        await using var sut = await ProviderGateway.StartAsync(redis);
        sut.Provider.Otherwise = FakeProvider.Fails(400, "invalid_request_error", "Bad messages.");

        Assert.Equal(400, (await sut.ChatAsync(Streaming)).Status);
        Assert.Single(sut.Provider.Received);
    }
}
