using System.Diagnostics;
using AiPlatform.Tests.Fixtures;
using AiPlatform.Tests.Gateway.Fixtures;
using Microsoft.AspNetCore.Http;
using Xunit;

namespace AiPlatform.Tests.Gateway.Providers.Streams;

/// <summary>Providers that are never silent for long, and never come to an end.</summary>
public sealed class ProviderDripTests(RedisServer redis) : IClassFixture<RedisServer>
{
    private const string Streaming = "\"stream\":true";

    /// <summary>The bound within which a deadline or limit must have ended a call, even on a busy machine.</summary>
    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task Chat_AnswerComesByteByByte_IsGivenUpAtTheDeadline()
    {
        await using var sut = await ProviderGateway.StartAsync(redis, "Models:gpt:Timeout=00:00:03");
        sut.Provider.Otherwise = Drips("application/json", "{\"id\":\"chatcmpl-1\",\"x\":\"", "y");
        var start = Stopwatch.GetTimestamp();

        var reply = await sut.ChatAsync();

        Assert.Equal((504, "provider_timeout"), (reply.Status, reply.ErrorCode));
        Assert.InRange(Stopwatch.GetElapsedTime(start), TimeSpan.FromSeconds(2.9), Bound);
        await Poll.UntilAsync(() => sut.Provider.UnderWay == 0, "the provider's call was ended");
    }

    [Fact]
    public async Task Stream_EventsComeForEver_EndsAtTheDeadlineWithAnErrorEvent()
    {
        await using var sut = await ProviderGateway.StartAsync(redis, "Models:gpt:Timeout=00:00:03");
        sut.Provider.Otherwise = Drips("text/event-stream", "", $"data: {FakeProvider.Chunk("word")}\n\n");
        var start = Stopwatch.GetTimestamp();

        var reply = await sut.ChatAsync(Streaming);

        AssertEndsWithTimeout(reply, "did not end within 3 s");
        Assert.InRange(Stopwatch.GetElapsedTime(start), TimeSpan.FromSeconds(2.9), Bound);
        await Poll.UntilAsync(() => sut.Provider.UnderWay == 0, "the provider's stream was ended");
    }

    /// <summary>Bytes without a complete event count as silence, because the caller has received nothing.</summary>
    [Fact]
    public async Task Stream_AnEventComesByteByByte_EndsAtTheIdleLimit()
    {
        await using var sut = await ProviderGateway.StartAsync(redis, "Models:gpt:IdleTimeout=00:00:00.500");
        sut.Provider.Otherwise = Drips("text/event-stream", $"data: {FakeProvider.Chunk("begun")}\n\ndata: {{\"x\":\"", "y");

        var reply = await sut.ChatAsync(Streaming).WaitAsync(Bound, TestContext.Current.CancellationToken);

        AssertEndsWithTimeout(reply, "had no event for 0.5 s");
    }

    [Fact]
    public async Task Stream_FirstEventComesByteByByte_IsRetriedUnseen()
    {
        await using var sut = await ProviderGateway.StartAsync(redis, "Models:gpt:FirstByteTimeout=00:00:02", "Models:gpt:MaxRetries=1");
        sut.Provider.Script(Drips("text/event-stream", "data: {\"x\":\"", "y"), FakeProvider.StreamsWords("whole"));

        var reply = await sut.ChatAsync(Streaming).WaitAsync(Bound, TestContext.Current.CancellationToken);

        Assert.Equal((200, "2", "gpt=timeout"), (reply.Status, reply.Header("X-Attempts"), reply.Header("X-Attempt-Failures")));
        Assert.Contains("whole", reply.Body, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("application/json", "{\"x\":\"", "")]
    [InlineData("text/event-stream", "data: {\"x\":\"", Streaming)]
    public async Task Answer_GrowsForEver_IsGivenUpAtItsLimit(string contentType, string begin, string more)
    {
        await using var sut = await ProviderGateway.StartAsync(redis, "Models:gpt:MaxAnswerBytes=50000");
        sut.Provider.Otherwise = Drips(contentType, begin, new string('y', 10_000));

        var reply = await sut.ChatAsync(more).WaitAsync(Bound, TestContext.Current.CancellationToken);

        Assert.Equal((502, "gpt=too_large"), (reply.Status, reply.Header("X-Attempt-Failures")));
        await Poll.UntilAsync(() => sut.Provider.UnderWay == 0, "the provider's call was ended");
    }

    private static void AssertEndsWithTimeout(ChatReply reply, string message)
    {
        var last = reply.Body.Split("\n\n", StringSplitOptions.RemoveEmptyEntries)[^1];
        Assert.Equal(200, reply.Status);
        Assert.Contains("\"code\":\"provider_timeout\"", last, StringComparison.Ordinal);
        Assert.Contains(message, last, StringComparison.Ordinal);
        Assert.DoesNotContain("[DONE]", reply.Body, StringComparison.Ordinal);
    }

    /// <summary>Begins, and adds a bit every 20 ms until the caller goes away.</summary>
    private static Func<HttpContext, Task> Drips(string contentType, string begin, string drop) => async context =>
    {
        context.Response.ContentType = contentType;
        try
        {
            await FakeProvider.SendAsync(context, begin);
            while (true)
            {
                context.RequestAborted.ThrowIfCancellationRequested();
                await FakeProvider.SendAsync(context, drop);
                await Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System, context.RequestAborted);
            }
        }
        catch (OperationCanceledException)
        {
            // The caller has had enough.
        }
    };
}
