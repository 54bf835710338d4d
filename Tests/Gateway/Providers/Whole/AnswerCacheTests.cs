using AiPlatform.Tests.Fixtures;
using AiPlatform.Tests.Gateway.Fixtures;
using Xunit;

namespace AiPlatform.Tests.Gateway.Providers.Whole;

public sealed class AnswerCacheTests(RedisServer redis) : IClassFixture<RedisServer>
{
    private readonly RedisServer _redis = redis;

    [Theory]
    [InlineData("\"temperature\":0", "\"temperature\":0", true)]
    [InlineData("\"temperature\":0,\"user\":\"one\"", "\"user\":\"other\", \"temperature\": 0", true)]
    [InlineData("\"seed\":7,\"x\":{\"a\":1,\"b\":2}", "\"x\":{\"b\":2,\"a\":1},\"seed\":7", true)]
    [InlineData("\"seed\":7", "\"seed\":8", false)]
    [InlineData("\"temperature\":0", "\"temperature\":0,\"max_tokens\":5", false)]
    [InlineData("\"temperature\":1", "\"temperature\":1", false)]
    [InlineData("", "", false)]
    public async Task Chat_Repeated_IsAnsweredFromTheCacheWhereTheAnswerWouldBeTheSame(string first, string second, bool isKept)
    {
        var model = RedisServer.Unique("gpt");
        await using var sut = await ProviderGateway.StartAsync(
            _redis, $"Models:{model}:Provider=fake", $"Models:{model}:CacheTtl=01:00:00");

        var one = await sut.ChatAsync(first, model);
        var other = await sut.ChatAsync(second, model);

        Assert.Equal((200, 200), (one.Status, other.Status));
        Assert.Equal(one.Body, other.Body);
        Assert.Equal(isKept ? 1 : 2, sut.Provider.Received.Count);
        Assert.Equal(isKept ? "0" : "1", other.Header("X-Attempts"));
    }

    [Fact]
    public async Task Chat_OfAnotherTenantOrWithoutTheSetting_IsAsked()
    {
        var (model, plain) = (RedisServer.Unique("gpt"), RedisServer.Unique("plain"));
        var (one, other) = (new TestKey("one"), new TestKey("other"));
        await using var sut = await ProviderGateway.StartAsync(
            _redis,
            [$"Models:{model}:Provider=fake", $"Models:{model}:CacheTtl=01:00:00", $"Models:{plain}:Provider=fake", .. one.Settings,
                .. other.Settings]);

        foreach (var (key, name) in new[] { (one, model), (other, model), (one, plain), (one, plain) })
            await sut.ChatAsync("\"temperature\":0", name, ("Authorization", $"Bearer {key.Value}"));

        Assert.Equal(4, sut.Provider.Received.Count);
    }

    [Fact]
    public async Task Chat_AnsweredByAFallback_IsNotKeptUnderTheNameOfTheModelThatWasAsked()
    {
        var model = RedisServer.Unique("gpt");
        await using var sut = await ProviderGateway.StartAsync(
            _redis, $"Models:{model}:Provider=fake", $"Models:{model}:CacheTtl=01:00:00", $"Models:{model}:MaxRetries=0",
            $"Models:{model}:Fallbacks:0=gpt");
        sut.Provider.Script(FakeProvider.Fails(503), FakeProvider.Says("the fallback"), FakeProvider.Says("the model"));

        var first = await sut.ChatAsync("\"temperature\":0", model);
        var second = await sut.ChatAsync("\"temperature\":0", model);
        var third = await sut.ChatAsync("\"temperature\":0", model);

        Assert.Contains("the fallback", first.Body, StringComparison.Ordinal);
        Assert.Contains("the model", second.Body, StringComparison.Ordinal);
        Assert.Equal((second.Body, 3), (third.Body, sut.Provider.Received.Count));
    }

    [Theory]
    [InlineData("\"messages\":[{\"role\":\"user\",\"content\":\"cut \\ud83d\"}]")]
    [InlineData("\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}],\"\\ude00\":1")]
    [InlineData("\"messages\":[{\"role\":\"user\",\"content\":\"hi\",\"a \\ud83d\":{\"b\":[]}}]")]
    [InlineData("\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}],\"stream\":true,\"stream_options\":{\"\\ud83d\":1}")]
    public async Task Chat_HalfASurrogatePair_Is400WithAndWithoutTheCache(string fields)
    {
        await using var sut = await ProviderGateway.StartAsync(_redis, "Models:kept:Provider=fake", "Models:kept:CacheTtl=01:00:00");

        foreach (var model in new[] { "gpt", "kept" })
        {
            using var content = new StringContent($$"""{"model":"{{model}}","temperature":0,{{fields}}}""", System.Text.Encoding.UTF8, "application/json");
            using var response = await sut.Gateway.Client.PostAsync("/v1/chat/completions", content, TestContext.Current.CancellationToken);
            var body = await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);

            Assert.Equal(400, (int)response.StatusCode);
            Assert.Contains("not valid Unicode", body, StringComparison.Ordinal);
        }

        Assert.Empty(sut.Provider.Received);
    }

    [Theory]
    [InlineData("{\"\\ud83d\":1,\"choices\":[{\"message\":{}}]}")]
    [InlineData("{\"choices\":[{\"index\":0,\"message\":{\"content\":\"a\",\"\\ud83dabcdef\":1},\"finish_reason\":\"stop\"}]}")]
    [InlineData("{\"choices\":[{\"index\":0,\"message\":{\"content\":\"cut \\ud83d\"},\"finish_reason\":\"stop\"}]}")]
    [InlineData("{\"choices\":[{\"message\":{}}],\"usage\":{\"\\ud83dompt_tokens\":1}}")]
    public async Task Chat_ProviderSendsHalfASurrogatePair_IsAFailedAttempt(string answer)
    {
        var model = RedisServer.Unique("gpt");
        await using var sut = await ProviderGateway.StartAsync(
            _redis, $"Models:{model}:Provider=fake", $"Models:{model}:CacheTtl=01:00:00", $"Models:{model}:MaxRetries=0");
        sut.Provider.Otherwise = FakeProvider.Json(answer);

        var reply = await sut.ChatAsync("\"temperature\":0", model);

        Assert.Equal((502, "provider_failed"), (reply.Status, reply.ErrorCode));
        Assert.Contains("malformed", reply.Header("X-Attempt-Failures"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Chat_Failed_IsNotKept()
    {
        var model = RedisServer.Unique("gpt");
        await using var sut = await ProviderGateway.StartAsync(
            _redis, $"Models:{model}:Provider=fake", $"Models:{model}:CacheTtl=01:00:00");
        sut.Provider.Script(FakeProvider.Fails(400));

        var failed = await sut.ChatAsync("\"temperature\":0", model);
        var good = await sut.ChatAsync("\"temperature\":0", model);

        Assert.Equal((400, 200), (failed.Status, good.Status));
    }
}
