using AiPlatform.Tests.Fixtures;
using AiPlatform.Tests.Gateway.Fixtures;
using Xunit;

namespace AiPlatform.Tests.Gateway.Providers;

/// <summary>Whole answers of a provider, over real HTTP.</summary>
public sealed class ProviderChatTests(RedisServer redis) : IClassFixture<RedisServer>
{
    private readonly RedisServer _redis = redis;

    [Fact]
    public async Task Chat_AnyFields_PassThroughInBothDirections()
    {
        await using var sut = await ProviderGateway.StartAsync(_redis);

        var reply = await sut.ChatAsync("""
            "tools":[{"type":"function","function":{"name":"f","parameters":{}}}],"vendor_field":{"x":[1,2.50]},"temperature":0.5
            """);

        var received = Assert.Single(sut.Provider.Received);
        Assert.Equal(200, reply.Status);
        Assert.Equal(FakeProvider.ChatJson("Hello!"), reply.Body);
        Assert.Equal("/v1/chat/completions", received.Path);
        Assert.Equal(("gpt-upstream", $"Bearer {FakeProvider.Key}"),
            (received.Json.GetProperty("model").GetString(), received.Headers["Authorization"]));
        Assert.Contains("\"vendor_field\":{\"x\":[1,2.50]}", received.Body, StringComparison.Ordinal);
        Assert.Equal(
            ("gpt", "fake", "1", ""),
            (reply.Header("X-Model"), reply.Header("X-Provider"), reply.Header("X-Attempts"), reply.Header("X-Attempt-Failures")));
    }

    [Fact]
    public async Task Chat_TransientFailures_AreRetriedAndTold()
    {
        await using var sut = await ProviderGateway.StartAsync(_redis);
        sut.Provider.Script(
            FakeProvider.Fails(503, headers: ("Retry-After", "0")), FakeProvider.Fails(429, headers: ("retry-after-ms", "10")));

        var reply = await sut.ChatAsync();

        Assert.Equal(
            (200, "3", "gpt=status_503, gpt=status_429"), (reply.Status, reply.Header("X-Attempts"), reply.Header("X-Attempt-Failures")));
    }

    [Fact]
    public async Task Chat_BrokenAnswers_AreRetried()
    {
        await using var sut = await ProviderGateway.StartAsync(
            _redis, "Models:gpt:MaxRetries=10", "Models:gpt:Timeout=00:05:00", "Models:gpt:Fallbacks:0=backup",
            "Models:backup:Provider=fake");
        sut.Provider.Script(FakeProvider.TruncatesAsync, FakeProvider.ResetsAsync);

        var reply = await sut.ChatAsync();

        Assert.Equal(
            (200, "3", "gpt=truncated, gpt=connection"), (reply.Status, reply.Header("X-Attempts"), reply.Header("X-Attempt-Failures")));
    }

    [Fact]
    public async Task Chat_ProviderTakesNoConnection_TheFallbackAnswers()
    {
        using var full = new FullListener();
        await using var sut = await ProviderGateway.StartAsync(
            _redis, $"Providers:full:BaseUrl={full.Address}", "Providers:full:ConnectTimeout=00:00:00.200", "Models:full:Provider=full",
            "Models:full:MaxRetries=0", "Models:full:Fallbacks:0=gpt");

        var reply = await sut.ChatAsync(model: "full");

        Assert.Equal((200, "gpt", "full=connection"), (reply.Status, reply.Header("X-Model"), reply.Header("X-Attempt-Failures")));
    }

    [Fact]
    public async Task Chat_ProviderIsSilent_TheFallbackAnswers()
    {
        await using var sut = await ProviderGateway.StartAsync(
            _redis, "Models:gpt:AttemptTimeout=00:00:01", "Models:gpt:MaxRetries=0", "Models:gpt:Fallbacks:0=backup",
            "Models:backup:Provider=fake");
        sut.Provider.Script(FakeProvider.HangsAsync);

        var reply = await sut.ChatAsync();

        Assert.Equal(
            (200, "backup", "2", "gpt=timeout"),
            (reply.Status, reply.Header("X-Model"), reply.Header("X-Attempts"), reply.Header("X-Attempt-Failures")));
        Assert.Equal("backup", sut.Provider.Received[1].Json.GetProperty("model").GetString());
        await Poll.UntilAsync(() => sut.Provider.Aborted == 1, "the silent call was ended");
    }

    [Theory]
    [InlineData("X-Request-Timeout", "0.8", "Models:gpt:Timeout=00:00:30")]
    [InlineData("X-Request-Timeout", "600", "Models:gpt:Timeout=00:00:00.800")]
    public async Task Chat_NoAnswerBeforeTheDeadline_Is504ThatSaysSo(string header, string value, string setting)
    {
        await using var sut = await ProviderGateway.StartAsync(_redis, setting);
        sut.Provider.Otherwise = FakeProvider.HangsAsync;

        var reply = await sut.ChatAsync(headers: (header, value));

        Assert.Equal((504, "provider_timeout", "false"), (reply.Status, reply.ErrorCode, reply.Header("x-should-retry")));
        Assert.Contains("The call's deadline of 0.8 s passed while the provider 'fake' was silent.", reply.Body, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Chat_RequestIsWrong_GetsTheProvidersOwnRefusal()
    {
        await using var sut = await ProviderGateway.StartAsync(_redis);
        sut.Provider.Script(FakeProvider.Fails(400, "context_length_exceeded", "Too long."));

        var reply = await sut.ChatAsync();

        Assert.Equal((400, "context_length_exceeded", "1"), (reply.Status, reply.ErrorCode, reply.Header("X-Attempts")));
        Assert.Contains("Too long.", reply.Body, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(401, 502, "provider_failed")]
    [InlineData(404, 502, "provider_failed")]
    [InlineData(402, 429, "insufficient_quota")]
    public async Task Chat_OurAccountIsWrong_IsNotTheCallersFault(int upstream, int status, string code)
    {
        await using var sut = await ProviderGateway.StartAsync(_redis);
        sut.Provider.Script(FakeProvider.Fails(upstream, "x", $"Incorrect API key provided: {FakeProvider.Key}"));

        var reply = await sut.ChatAsync();

        Assert.Equal((status, code), (reply.Status, reply.ErrorCode));
        Assert.DoesNotContain(FakeProvider.Key, reply.Body, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Chat_RefusalRepeatsTheKey_ItIsNotShown()
    {
        await using var sut = await ProviderGateway.StartAsync(_redis);
        sut.Provider.Script(FakeProvider.Fails(400, "x", $"Bad key {FakeProvider.Key}"));

        var reply = await sut.ChatAsync();

        Assert.Equal(400, reply.Status);
        Assert.DoesNotContain(FakeProvider.Key, reply.Body, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Chat_HugeAnswer_Is502AndNotRetried()
    {
        await using var sut = await ProviderGateway.StartAsync(_redis, "Models:gpt:MaxAnswerBytes=2000");
        sut.Provider.Otherwise = FakeProvider.Says(new string('x', 5_000));

        var reply = await sut.ChatAsync();

        Assert.Equal((502, "provider_failed"), (reply.Status, reply.ErrorCode));
        Assert.Single(sut.Provider.Received);
    }

    [Fact]
    public async Task Chat_NobodyListens_IsTold()
    {
        await using var gateway = await GatewayHost.StartAsync(
            _redis, $"Providers:gone:BaseUrl=http://127.0.0.1:{FreePort.Next()}/v1", "Models:gpt:Provider=gone", "Models:gpt:MaxRetries=0");

        using var response = await gateway.PostTextAsync("/v1/chat/completions", """{"model":"gpt","messages":[{"role":"user","content":"hi"}]}""");
        var body = await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);

        Assert.Equal(502, (int)response.StatusCode);
        Assert.Contains("no connection", body, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Chat_PlainHttpBehindHttps_IsATlsFailure()
    {
        await using var provider = await FakeProvider.StartAsync();
        await using var gateway = await GatewayHost.StartAsync(
            _redis, $"Providers:tls:BaseUrl=https://127.0.0.1:{provider.Address.Port}/v1", "Models:gpt:Provider=tls", "Models:gpt:MaxRetries=0");

        using var response = await gateway.PostTextAsync("/v1/chat/completions", """{"model":"gpt","messages":[{"role":"user","content":"hi"}]}""");

        Assert.Equal(502, (int)response.StatusCode);
        Assert.Contains(
            "TLS failed", await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Chat_TooManyAtATime_Is429()
    {
        await using var sut = await ProviderGateway.StartAsync(_redis, "Providers:fake:MaxConcurrentCalls=1");
        sut.Provider.Script(FakeProvider.HangsAsync);

        var first = sut.ChatAsync(headers: ("X-Request-Timeout", "5"));
        await Poll.UntilAsync(() => sut.Provider.UnderWay == 1, "the first call is under way");
        var second = await sut.ChatAsync();

        Assert.Equal((429, "rate_limit_exceeded"), (second.Status, second.ErrorCode));
        Assert.Equal(504, (await first).Status);
    }

    [Fact]
    public async Task Chat_ClientLeaves_EndsTheProvidersCallAtOnce()
    {
        await using var sut = await ProviderGateway.StartAsync(_redis);
        sut.Provider.Otherwise = FakeProvider.HangsAsync;
        using var leave = new CancellationTokenSource();
        using var request = ProviderGateway.ChatRequest();

        var call = sut.Gateway.Client.SendAsync(request, leave.Token);
        await Poll.UntilAsync(() => sut.Provider.UnderWay == 1, "the call is under way");
        await leave.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => call);
        await Poll.UntilAsync(() => sut.Provider is { UnderWay: 0, Aborted: 1 }, "the provider's call was ended");
        Assert.Single(sut.Provider.Received);
    }

    [Fact]
    public async Task Chat_UnknownOrEmbeddingModel_IsToldWhatThereIs()
    {
        await using var sut = await ProviderGateway.StartAsync(_redis);
        var local = RedisServer.Unique("local");
        await sut.Gateway.ServeAsync(local);

        var unknown = await sut.ChatAsync(model: "nobody");
        var embedding = await sut.ChatAsync(model: local);

        Assert.Equal((404, "model_not_found"), (unknown.Status, unknown.ErrorCode));
        Assert.Contains("gpt", unknown.Body, StringComparison.Ordinal);
        Assert.Equal((400, "invalid_request"), (embedding.Status, embedding.ErrorCode));
    }

    [Fact]
    public async Task Chat_RedisIsDown_ProvidersAreAskedAllTheSame()
    {
        await using var redis = new RedisServer();
        await redis.InitializeAsync();
        await using var sut = await ProviderGateway.StartAsync(redis, "Models:gpt:CacheTtl=01:00:00");
        await redis.KillAsync();

        var reply = await sut.ChatAsync("\"temperature\":0", headers: ("X-Request-Timeout", "30"));

        Assert.Equal(200, reply.Status);
    }

    [Theory]
    [InlineData("{\"hello\":1}", "it has no choice")]
    [InlineData("{\"choices\":[{\"text\":\"hi\"}]}", "it has a choice without a message")]
    [InlineData("[]", "it is not a JSON object")]
    [InlineData("null", "it is not a JSON object")]
    [InlineData("[}", "it is not valid JSON")]
    [InlineData("", "it is not valid JSON")]
    public async Task Chat_AnswerIsNoChat_IsTriedAgainAndThen502ThatSaysWhy(string answer, string why)
    {
        await using var sut = await ProviderGateway.StartAsync(_redis, "Models:gpt:MaxRetries=1");
        sut.Provider.Otherwise = FakeProvider.Json(answer);

        var reply = await sut.ChatAsync();

        Assert.Equal((502, "provider_failed", 2), (reply.Status, reply.ErrorCode, sut.Provider.Received.Count));
        Assert.Contains(why, reply.Body, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Embeddings_OfAProvider_PassThroughAndLocalOnesStay()
    {
        const string Answer = """{"object":"list","data":[{"object":"embedding","index":0,"embedding":[0.1]}],"model":"e","usage":{"prompt_tokens":4,"total_tokens":4}}""";
        await using var sut = await ProviderGateway.StartAsync(_redis);
        var local = RedisServer.Unique("local");
        await using var worker = await FakeWorker.StartAsync(sut.Gateway, local);
        sut.Provider.Otherwise = FakeProvider.Json(Answer);

        using var hosted = await sut.Gateway.PostAsync("/v1/embeddings", new { model = "gpt", input = "a", vendor = 1 });
        using var own = await sut.Gateway.PostAsync("/v1/embeddings", new { model = local, input = "a" });

        Assert.Equal(Answer, await hosted.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
        Assert.Equal("/v1/embeddings", Assert.Single(sut.Provider.Received).Path);
        Assert.Equal(200, (int)own.StatusCode);
    }
}
