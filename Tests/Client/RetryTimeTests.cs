using System.Globalization;
using AiPlatform.Client;
using Microsoft.Extensions.AI;
using Xunit;
using static AiPlatform.Tests.Client.ScriptedGateway;

namespace AiPlatform.Tests.Client;

/// <summary>When a request is sent again, and what its deadline does to that.</summary>
public sealed class RetryTimeTests
{
    private const string Job = """
        {"id":"job_1","endpoint":"/v1/embeddings","model":"m","status":"succeeded","lane":"default","created_at":"1970-01-01T00:00:00Z",
        "deadline":"1970-01-02T00:00:00Z","attempts":1}
        """;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("7")]
    [InlineData("Thu, 01 Jan 1970 00:00:07 GMT")]
    public async Task Retry_AnswerNamesAPause_ComesAfterIt(string retryAfter)
    {
        var sut = new ScriptedGateway(Refusal(503, ("Retry-After", retryAfter)), Reply(Job));
        using var client = sut.Client();

        await sut.EndAsync(client.Jobs.GetAsync("job_1", Ct));

        Assert.InRange(sut.Seen[1].At.TotalSeconds, 7, 7.2);
    }

    [Fact]
    public async Task Retry_NoPauseIsNamed_EachIsTwiceAsLongUpToTheLongest()
    {
        var sut = new ScriptedGateway([.. Enumerable.Repeat<Func<CancellationToken, Task<HttpResponseMessage>>>(Broken, 5), Reply(Job)]);
        using var client = sut.Client(options => (options.MaxRetries, options.MaxRetryDelay) = (5, TimeSpan.FromSeconds(1.2)));

        await sut.EndAsync(client.Jobs.GetAsync("job_1", Ct));

        var pauses = sut.Seen.Zip(sut.Seen.Skip(1), (one, next) => (next.At - one.At).TotalSeconds).ToList();
        double[] least = [0.1875, 0.375, 0.75, 1.2, 1.2];
        double[] most = [0.3125, 0.625, 1.2, 1.2, 1.2];
        Assert.Equal(5, pauses.Count);
        Assert.All(pauses.Select((pause, i) => (pause, i)), one => Assert.InRange(one.pause, least[one.i], most[one.i]));
    }

    [Fact]
    public async Task Deadline_OfARetry_IsWhatIsLeft()
    {
        var sut = new ScriptedGateway(Refusal(502, ("Retry-After", "3")), Reply(Job));
        using var client = sut.Client(options => options.Timeout = TimeSpan.FromSeconds(10));

        await sut.EndAsync(client.Jobs.GetAsync("job_1", Ct));

        // The Gateway gets a second less, so that its own error comes before the call ends.
        Assert.Equal("9", sut.Seen[0].Timeout);
        Assert.Equal((10 - sut.Seen[1].At.TotalSeconds) * 0.9, double.Parse(sut.Seen[1].Timeout!, CultureInfo.InvariantCulture), 0.01);
    }

    [Fact]
    public async Task Deadline_BeforeTheNextRetry_PassesTheAnswerOnAtOnce()
    {
        var sut = new ScriptedGateway(Refusal(429, ("Retry-After", "6")));
        using var client = sut.Client(options => options.Timeout = TimeSpan.FromSeconds(5));

        var error = await Assert.ThrowsAsync<AiPlatformException>(() => sut.EndAsync(client.Jobs.GetAsync("job_1", Ct)));

        Assert.Equal((TimeSpan.FromSeconds(6), TimeSpan.Zero), (error.RetryAfter, sut.Time.GetUtcNow() - DateTimeOffset.UnixEpoch));
    }

    [Fact]
    public async Task Deadline_BeforeTheNextConnection_IsATimeout()
    {
        var sut = new ScriptedGateway(Broken, Broken, Broken, Broken);
        using var client = sut.Client(options => options.Timeout = TimeSpan.FromSeconds(1));

        var error = await Assert.ThrowsAsync<AiPlatformException>(() => sut.EndAsync(client.Jobs.GetAsync("job_1", Ct)));

        Assert.Equal("deadline_exceeded", error.Code);
        Assert.Contains("did not answer within 1 s (Timeout)", error.Message, StringComparison.Ordinal);
        Assert.IsType<TimeoutException>(error.InnerException);
        Assert.True(sut.Time.GetUtcNow() < DateTimeOffset.UnixEpoch.AddSeconds(1));
    }

    [Theory]
    [InlineData("chat", null, 120, "unavailable")]
    [InlineData("chat", 5, 5, "deadline_exceeded")]
    [InlineData("chat", 300, 300, "deadline_exceeded")]
    [InlineData("stream", null, 660, "unavailable")]
    [InlineData("job", null, 30, "unavailable")]
    [InlineData("job", 5, 5, "deadline_exceeded")]
    [InlineData("job", 300, 30, "unavailable")]
    public async Task Head_SilentGateway_EndsTheCallAfterItsBound(string call, int? timeout, int ended, string code)
    {
        var sut = new ScriptedGateway(Silent, Silent);
        using var client = sut.Client(
            options => options.Timeout = timeout is { } seconds ? TimeSpan.FromSeconds(seconds) : null);
        Func<Task<object>> ask = call switch
        {
            "chat" => async () => await client.GetChatClient("m").GetResponseAsync("Is it?", cancellationToken: Ct),
            "stream" => async () => await client.GetChatClient("m").GetStreamingResponseAsync("Is it?", cancellationToken: Ct).ToListAsync(Ct),
            _ => async () => await client.Jobs.GetAsync("job_1", Ct),
        };

        var error = await Assert.ThrowsAsync<AiPlatformException>(() => sut.EndAsync(ask()));

        Assert.IsType<TimeoutException>(error.InnerException);
        Assert.Equal((code, DateTimeOffset.UnixEpoch.AddSeconds(ended)), (error.Code, sut.Time.GetUtcNow()));
        Assert.Contains($"within {ended} s", error.Message, StringComparison.Ordinal);
        Assert.Single(sut.Seen);
    }

    [Fact]
    public async Task Body_StopsInTheMiddle_EndsTheCall()
    {
        var sut = new ScriptedGateway(BreaksOff("{", isSilent: true));
        using var client = sut.Client();

        var error = await Assert.ThrowsAsync<AiPlatformException>(() => sut.EndAsync(client.Jobs.GetAsync("job_1", Ct)));

        Assert.Equal(("unavailable", 120), (error.Code, (sut.Time.GetUtcNow() - DateTimeOffset.UnixEpoch).TotalSeconds));
    }

    [Fact]
    public async Task Caller_LeavesDuringAPause_EndsTheCall()
    {
        var sut = new ScriptedGateway(Refusal(503, ("Retry-After", "9")));
        using var client = sut.Client();
        using var leaves = new CancellationTokenSource();
        var call = client.Jobs.GetAsync("job_1", leaves.Token);

        await leaves.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => call);
        Assert.Single(sut.Seen);
    }

    [Fact]
    public async Task Health_IsAskedOnce()
    {
        var sut = new ScriptedGateway(Refusal(503, ("Retry-After", "0")), Broken, Silent, Reply("""{"status":"Healthy"}"""));
        using var client = sut.Client();

        Assert.False(await sut.EndAsync(client.IsHealthyAsync(Ct)));
        Assert.False(await sut.EndAsync(client.IsHealthyAsync(Ct)));
        Assert.False(await sut.EndAsync(client.IsHealthyAsync(Ct)));
        var took = sut.Time.GetUtcNow() - DateTimeOffset.UnixEpoch;
        Assert.True(await sut.EndAsync(client.IsHealthyAsync(Ct)));

        Assert.Equal(["/health", "/health", "/health", "/health"], sut.Seen.Select(one => one.Path));
        Assert.Equal(5, took.TotalSeconds);
    }

    [Fact]
    public async Task Key_OnlyWhatChangesSomethingHasOne()
    {
        var sut = new ScriptedGateway(Reply(Job), Reply(Job), Refusal(503, ("Retry-After", "1")), Reply(Job));
        using var client = sut.Client();

        await client.Jobs.GetAsync("job_1", Ct);
        await client.Jobs.CancelAsync("job_1", Ct);
        await sut.EndAsync(client.Jobs.RetryAsync("job_1", Ct));

        Assert.Equal(["GET", "DELETE", "POST", "POST"], sut.Seen.Select(one => one.Method.Method));
        Assert.Equal("/v1/jobs/job_1/retry", sut.Seen[3].Path);
        Assert.Equal([null, null], sut.Seen.Take(2).Select(one => one.Key));
        Assert.NotNull(sut.Seen[2].Key);
        Assert.Equal(sut.Seen[2].Key, sut.Seen[3].Key);
    }
}
