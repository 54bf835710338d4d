using System.Net;
using AiPlatform.Client;
using AiPlatform.Client.Jobs;
using Microsoft.Extensions.AI;
using Xunit;
using static AiPlatform.Tests.Client.ScriptedGateway;

namespace AiPlatform.Tests.Client;

/// <summary>What is sent again, how often, and with which headers.</summary>
public sealed class RetryTests
{
    private const string Chat = """
        {"id":"chatcmpl-1","object":"chat.completion","created":1,"model":"m","choices":[{"index":0,"message":{"role":"assistant",
        "content":"Yes."},"finish_reason":"stop"}],"usage":{"prompt_tokens":1,"completion_tokens":1,"total_tokens":2}}
        """;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Call_BusyGateway_IsSentAgainWithTheSameKeyAndBody()
    {
        var sut = new ScriptedGateway(Refusal(429), Refusal(503), Refusal(502), Broken, Reply(Chat));
        using var client = sut.Client();

        var answer = await sut.EndAsync(client.GetChatClient("m").GetResponseAsync("Is it?", cancellationToken: Ct));

        Assert.Equal("Yes.", answer.Text);
        Assert.Equal(5, sut.Seen.Count);
        Assert.Single(sut.Seen.Select(one => one.Key).Distinct());
        Assert.Matches("^\"[0-9a-f]{32}\"$", sut.Seen[0].Key!);
        Assert.Single(sut.Seen.Select(one => one.Body).Distinct());
        Assert.All(sut.Seen, one => Assert.Null(one.Timeout));
        Assert.Contains("Is it?", sut.Seen[0].Body, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Call_EachOfTwo_HasAKeyOfItsOwn()
    {
        var sut = new ScriptedGateway(Reply(Chat), Reply(Chat));
        using var client = sut.Client();

        for (var i = 0; i < 2; i++) await sut.EndAsync(client.GetChatClient("m").GetResponseAsync("Is it?", cancellationToken: Ct));

        Assert.Equal(2, sut.Seen.Select(one => one.Key).Distinct().Count());
    }

    [Theory]
    [InlineData(400, "Server", "a")]
    [InlineData(500, "Retry-After", "0")]
    [InlineData(504, "Retry-After", "0")]
    [InlineData(429, "Retry-After", "31")]
    [InlineData(429, "x-should-retry", "false")]
    public async Task Call_RetryCannotHelp_IsSentOnce(int status, string name, string value)
    {
        var sut = new ScriptedGateway(Refusal(status, (name, value)), Reply(Chat));
        using var client = sut.Client();

        var error = await Assert.ThrowsAsync<System.ClientModel.ClientResultException>(
            () => sut.EndAsync(client.GetChatClient("m").GetResponseAsync("Is it?", cancellationToken: Ct)));

        Assert.Equal((status, 1), (error.Status, sut.Seen.Count));
        Assert.Contains("It is so.", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Call_GatewayStaysBusy_GivesUpAfterItsRetriesWithTheLastAnswer()
    {
        var sut = new ScriptedGateway([.. Enumerable.Repeat(Refusal(503), 10)]);
        using var client = sut.Client();

        var error = await Assert.ThrowsAsync<AiPlatformException>(() => sut.EndAsync(client.Jobs.SubmitAsync(Request(), Ct)));

        Assert.Equal((HttpStatusCode.ServiceUnavailable, "queue_unavailable", true), (error.Status, error.Code, error.IsRetryable));
        Assert.Equal(9, sut.Seen.Count);
    }

    [Fact]
    public async Task Chat_GatewayStaysAway_IsRetriedByTheClientOnlyAndSaysThatNobodyAnswers()
    {
        var sut = new ScriptedGateway([.. Enumerable.Repeat<Func<CancellationToken, Task<HttpResponseMessage>>>(Broken, 10)]);
        using var client = sut.Client();

        var error = await Assert.ThrowsAsync<AiPlatformException>(
            () => sut.EndAsync(client.GetChatClient("m").GetResponseAsync("Is it?", cancellationToken: Ct)));

        Assert.Equal(("unavailable", true, 9), (error.Code, error.IsRetryable, sut.Seen.Count));
        Assert.IsType<HttpRequestException>(error.InnerException);
        // Longer than the restart of a Gateway.
        Assert.InRange(sut.Seen[^1].At.TotalSeconds, 30, 40);
    }

    [Fact]
    public async Task Call_AnswerBreaksOff_IsSentAgainWithTheSameKey()
    {
        var sut = new ScriptedGateway(BreaksOff(Chat[..40]), Reply(Chat));
        using var client = sut.Client();

        var answer = await sut.EndAsync(client.GetChatClient("m").GetResponseAsync("Is it?", cancellationToken: Ct));

        Assert.Equal("Yes.", answer.Text);
        Assert.NotNull(sut.Seen[0].Key);
        Assert.Equal(sut.Seen[0].Key, sut.Seen[1].Key);
    }

    [Fact]
    public void Call_NotAsynchronous_IsSentAgainToo()
    {
        var sut = new ScriptedGateway(Refusal(503), Reply(Chat));
        using var client = sut.Client(options => options.MaxRetryDelay = TimeSpan.Zero);

        Assert.Equal("Yes.", client.OpenAI.GetChatClient("m").CompleteChat("Is it?").Value.Content[0].Text);
    }

    [Fact]
    public async Task Stream_HasNoKey_BecauseTheGatewayEndsItWhenTheConnectionIsLost()
    {
        var sut = new ScriptedGateway(Events("data: [DONE]\n\n"));
        using var client = sut.Client();

        await foreach (var update in client.GetChatClient("m").GetStreamingResponseAsync("Is it?", cancellationToken: Ct))
            Assert.Fail(update.Text);

        Assert.Null(Assert.Single(sut.Seen).Key);
    }

    [Fact]
    public async Task Submit_OwnKey_IsSentQuoted()
    {
        var sut = new ScriptedGateway(Refusal(400));
        using var client = sut.Client();

        await Assert.ThrowsAsync<AiPlatformException>(
            () => client.Jobs.SubmitAsync(Request() with { IdempotencyKey = "order \"7\"" }, Ct));

        Assert.Equal("\"order \\\"7\\\"\"", sut.Seen[0].Key);
    }

    [Theory]
    [InlineData("<html>a proxy</html>")]
    [InlineData("null")]
    [InlineData("""{"id":"job_1"}""")]
    public async Task Get_AnswerOfSomethingElse_IsAnErrorThatSaysSo(string body)
    {
        var sut = new ScriptedGateway(Reply(body));
        using var client = sut.Client();

        var error = await Assert.ThrowsAsync<AiPlatformException>(() => client.Jobs.GetAsync("job_1", Ct));

        Assert.Contains("is not a Gateway", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(200, "text/html", "<html>")]
    [InlineData(200, "application/json", "<html>")]
    [InlineData(302, "text/html", "")]
    public async Task EveryCall_SomethingElseAnswers_SaysSo(int status, string type, string body)
    {
        var sut = new ScriptedGateway([.. Enumerable.Repeat(Typed(type, body, status, ("Location", "/login")), 8)]);
        using var client = sut.Client();
        Func<Task>[] calls =
        [
            () => client.GetChatClient("m").GetResponseAsync("Is it?", cancellationToken: Ct),
            () => client.GetChatClient("m").GetStreamingResponseAsync("Is it?", cancellationToken: Ct).ToChatResponseAsync(Ct),
            () => client.GetDurableChatClient("m").GetResponseAsync("Is it?", cancellationToken: Ct),
            () => client.GetDurableChatClient("m").GetStreamingResponseAsync("Is it?", cancellationToken: Ct).ToChatResponseAsync(Ct),
            () => client.GetEmbeddingGenerator("m").GenerateAsync(["a"], cancellationToken: Ct),
            () => client.Jobs.GetAsync("job_1", Ct),
            () => client.Jobs.EventsAsync("job_1", cancellationToken: Ct).ToListAsync(Ct).AsTask(),
        ];

        foreach (var call in calls)
        {
            var error = await Assert.ThrowsAsync<AiPlatformException>(call);
            Assert.Contains("is not a Gateway", error.Message, StringComparison.Ordinal);
            Assert.Equal((HttpStatusCode)status, error.Status);
            if (status == 302) Assert.Contains("'/login'", error.Message, StringComparison.Ordinal);
        }

        Assert.False(await client.IsHealthyAsync(Ct));
        Assert.Equal(8, sut.Seen.Count);
    }

    private static JobRequest Request() => new()
    {
        Endpoint = "/v1/embeddings",
        Body = System.Text.Json.JsonDocument.Parse("""{"model":"m","input":"a"}""").RootElement,
    };
}
