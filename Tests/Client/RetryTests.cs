using System.Globalization;
using System.Net;
using System.Text;
using AiPlatform.Client;
using AiPlatform.Client.Jobs;
using Microsoft.Extensions.AI;
using Xunit;

namespace AiPlatform.Tests.Client;

/// <summary>What is sent again, how often, and with which headers. The answers are scripted, because no Gateway fails on demand.</summary>
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
        var (sut, seen) = Client(Busy(429), Busy(503), Broken, Ok(Chat));
        using var client = sut;

        var answer = await client.GetChatClient("m").GetResponseAsync("Is it?", cancellationToken: Ct);

        Assert.Equal("Yes.", answer.Text);
        Assert.Equal(4, seen.Count);
        Assert.Single(seen.Select(one => one.Key).Distinct());
        Assert.Matches("^\"[0-9a-f]{32}\"$", seen[0].Key!);
        Assert.Single(seen.Select(one => one.Body).Distinct());
        Assert.All(seen, one => Assert.Null(one.Timeout));
        Assert.Contains("Is it?", seen[0].Body, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Call_EachOfTwo_HasAKeyOfItsOwn()
    {
        var (sut, seen) = Client(Ok(Chat), Ok(Chat));
        using var client = sut;

        for (var i = 0; i < 2; i++) await client.GetChatClient("m").GetResponseAsync("Is it?", cancellationToken: Ct);

        Assert.Equal(2, seen.Select(one => one.Key).Distinct().Count());
    }

    [Fact]
    public async Task Call_HasADeadline_SendsWhatIsLeftOfIt()
    {
        var (sut, seen) = Client(options => options.Timeout = TimeSpan.FromSeconds(100), Busy(503), Ok(Chat));
        using var client = sut;

        await client.GetChatClient("m").GetResponseAsync("Is it?", cancellationToken: Ct);

        var seconds = seen.Select(one => double.Parse(one.Timeout!, CultureInfo.InvariantCulture)).ToList();
        Assert.All(seconds, one => Assert.InRange(one, 80, 100));
        Assert.True(seconds[1] <= seconds[0]);
    }

    [Theory]
    [InlineData(400, null, null)]
    [InlineData(500, null, null)]
    [InlineData(504, null, null)]
    [InlineData(429, "3600", null)]
    [InlineData(429, "0", "false")]
    public async Task Call_RetryCannotHelp_IsSentOnce(int status, string? retryAfter, string? shouldRetry)
    {
        var (sut, seen) = Client(Answer(status, retryAfter, shouldRetry), Ok(Chat));
        using var client = sut;

        var error = await Assert.ThrowsAsync<System.ClientModel.ClientResultException>(
            () => client.GetChatClient("m").GetResponseAsync("Is it?", cancellationToken: Ct));

        Assert.Equal((status, 1), (error.Status, seen.Count));
        Assert.Contains("It is so.", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Call_GatewayStaysBusy_GivesUpAfterItsRetriesWithTheLastAnswer()
    {
        var (sut, seen) = Client([.. Enumerable.Repeat(Busy(503), 9)]);
        using var client = sut;

        var error = await Assert.ThrowsAsync<AiPlatformException>(() => client.Jobs.SubmitAsync(Request(), Ct));

        Assert.Equal((HttpStatusCode.ServiceUnavailable, "queue_unavailable", true), (error.Status, error.Code, error.IsRetryable));
        Assert.Equal(5, seen.Count);
    }

    [Fact]
    public async Task Stream_HasNoKey_BecauseTheGatewayEndsItWhenTheConnectionIsLost()
    {
        var (sut, seen) = Client(Ok("data: [DONE]\n\n", "text/event-stream"));
        using var client = sut;

        await foreach (var update in client.GetChatClient("m").GetStreamingResponseAsync("Is it?", cancellationToken: Ct))
            Assert.Fail(update.Text);

        Assert.Null(Assert.Single(seen).Key);
    }

    [Fact]
    public async Task Submit_OwnKey_IsSentQuoted()
    {
        var (sut, seen) = Client(Busy(400));
        using var client = sut;

        await Assert.ThrowsAsync<AiPlatformException>(
            () => client.Jobs.SubmitAsync(Request() with { IdempotencyKey = "order \"7\"" }, Ct));

        Assert.Equal("\"order \\\"7\\\"\"", seen[0].Key);
    }

    [Theory]
    [InlineData("<html>a proxy</html>")]
    [InlineData("null")]
    [InlineData("""{"id":"job_1"}""")]
    public async Task Get_AnswerOfSomethingElse_IsAnErrorThatSaysSo(string body)
    {
        var (sut, _) = Client(Ok(body));
        using var client = sut;

        var error = await Assert.ThrowsAsync<AiPlatformException>(() => client.Jobs.GetAsync("job_1", Ct));

        Assert.Contains("is not a Gateway", error.Message, StringComparison.Ordinal);
    }

    private static JobRequest Request() => new()
    {
        Endpoint = "/v1/embeddings",
        Body = System.Text.Json.JsonDocument.Parse("""{"model":"m","input":"a"}""").RootElement,
    };

    private static (AiPlatformClient Client, List<Sent> Seen) Client(params Func<HttpResponseMessage>[] answers) =>
        Client(static _ => { }, answers);

    private static (AiPlatformClient Client, List<Sent> Seen) Client(
        Action<AiPlatformClientOptions> change, params Func<HttpResponseMessage>[] answers)
    {
        var script = new Script(new Queue<Func<HttpResponseMessage>>(answers));
        var options = new AiPlatformClientOptions { MaxRetryDelay = TimeSpan.FromMilliseconds(1) };
        change(options);
        return (new AiPlatformClient(options, script), script.Seen);
    }

    private static Func<HttpResponseMessage> Ok(string body, string type = "application/json") =>
        () => new HttpResponseMessage(HttpStatusCode.OK)
        {
            // Like a connection, it is read once.
            Content = new StreamContent(new OneWay(Encoding.UTF8.GetBytes(body)))
            {
                Headers = { ContentType = new(type) },
            },
        };

    private static Func<HttpResponseMessage> Busy(int status) => Answer(status, "0", null);

    private static Func<HttpResponseMessage> Answer(int status, string? retryAfter, string? shouldRetry) => () =>
    {
        var answer = new HttpResponseMessage((HttpStatusCode)status)
        {
            Content = new StringContent(
                """{"error":{"message":"It is so.","type":"server_error","code":"queue_unavailable","param":null}}""", Encoding.UTF8,
                "application/json"),
        };
        if (retryAfter is not null) answer.Headers.TryAddWithoutValidation("Retry-After", retryAfter);
        if (shouldRetry is not null) answer.Headers.TryAddWithoutValidation("x-should-retry", shouldRetry);
        return answer;
    };

    private static HttpResponseMessage Broken() => throw new HttpRequestException("The connection was refused.");

    private sealed class OneWay(byte[] bytes) : MemoryStream(bytes)
    {
        public override bool CanSeek => false;
    }

    private sealed record Sent(string? Key, string? Timeout, string Body);

    private sealed class Script(Queue<Func<HttpResponseMessage>> answers) : HttpMessageHandler
    {
        public List<Sent> Seen { get; } = [];

        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            Seen.Add(new Sent(
                HeaderOf(request, "Idempotency-Key"), HeaderOf(request, "X-Request-Timeout"),
                request.Content is { } content ? await content.ReadAsStringAsync(cancellationToken) : ""));
            return answers.Dequeue()();
        }

        private static string? HeaderOf(HttpRequestMessage request, string name) =>
            request.Headers.TryGetValues(name, out var values) ? values.Single() : null;
    }
}
