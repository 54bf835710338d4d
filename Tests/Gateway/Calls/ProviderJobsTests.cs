using System.Net.Http.Json;
using System.Text.Json;
using AiPlatform.Tests.Fixtures;
using AiPlatform.Tests.Gateway.Fixtures;
using AiPlatform.Tests.Gateway.Providers;
using Xunit;

namespace AiPlatform.Tests.Gateway.Calls;

/// <summary>Providers' models as jobs, run by the Gateway itself.</summary>
public sealed class ProviderJobsTests(RedisServer redis) : IClassFixture<RedisServer>
{
    private readonly RedisServer _redis = redis;

    [Fact]
    public async Task Job_OfAProvider_SucceedsWithTheAnswer()
    {
        var model = RedisServer.Unique("gpt");
        await using var sut = await ProviderGateway.StartAsync(_redis, $"Models:{model}:Provider=fake");

        using var accepted = await sut.Gateway.PostAsync(
            "/v1/jobs", new { endpoint = "/v1/chat/completions", body = new { model, messages = new[] { new { role = "user", content = "hi" } } } });
        var id = (await accepted.Content.ReadFromJsonAsync<JsonElement>(TestContext.Current.CancellationToken))
            .GetProperty("id").GetString()!;
        var job = await sut.Gateway.GetJobAsync(id, "?wait=30");

        Assert.Equal(202, (int)accepted.StatusCode);
        Assert.Equal(("succeeded", model), (job.GetProperty("status").GetString(), job.GetProperty("model").GetString()));
        Assert.Equal(FakeProvider.ChatJson("Hello!"), job.GetProperty("output").GetRawText());
        Assert.Equal(10, job.GetProperty("usage").GetProperty("total_tokens").GetInt32());
    }

    /// <summary>A worker would run the provider's jobs with a model of its own.</summary>
    [Fact]
    public async Task Job_AWorkersModelHasTheNameOfTheProviders_IsRunByTheProvider()
    {
        var model = RedisServer.Unique("z-gpt");
        await using var sut = await ProviderGateway.StartAsync(_redis, $"Models:{model}:Provider=fake");
        await using var worker = await FakeWorker.StartAsync(sut.Gateway, model);
        var ct = TestContext.Current.CancellationToken;

        List<string> answers = [];
        for (var i = 0; i < 5; i++)
        {
            var reply = await sut.ChatAsync(model: model, headers: ("Prefer", "respond-async"));
            var job = await sut.Gateway.GetJobAsync(reply.Json.GetProperty("id").GetString()!, "?wait=30");
            answers.Add(job.GetProperty("output").GetRawText());
        }

        Assert.All(answers, answer => Assert.Equal(FakeProvider.ChatJson("Hello!"), answer));
        Assert.Equal(5, sut.Provider.Received.Count);
        await Poll.UntilAsync(
            async () =>
            {
                var models = await sut.Gateway.Client.GetFromJsonAsync<JsonElement>("/v1/models", ct);
                return models.GetProperty("failures").EnumerateArray().Any(one => one.GetProperty("folder").GetString() == model
                    && one.GetProperty("reason").GetString()!.Contains("Rename one of them", StringComparison.Ordinal));
            },
            "the models say that one is hidden");
        var queues = (await sut.Gateway.Client.GetFromJsonAsync<JsonElement>("/v1/queues", ct)).GetProperty("data");
        Assert.Single(queues.EnumerateArray(), one => one.GetProperty("queue").GetString() == model);
        using var paused = await sut.Gateway.Client.PostAsync($"/v1/queues/{model}/pause", null, ct);
        Assert.Equal(200, (int)paused.StatusCode);
        var listed = await sut.Gateway.Client.GetFromJsonAsync<JsonElement>($"/v1/jobs?model={model}", ct);
        Assert.Equal(5, listed.GetProperty("data").GetArrayLength());
    }

    [Fact]
    public async Task Job_AnswerIsDeep_IsShownAsItCame()
    {
        var model = RedisServer.Unique("gpt");
        await using var sut = await ProviderGateway.StartAsync(_redis, $"Models:{model}:Provider=fake");
        var answer = $$"""{"choices":[{"message":{} }],"x":{{new string('[', 200)}}{{new string(']', 200)}} }""";
        sut.Provider.Otherwise = FakeProvider.Json(answer);

        var reply = await sut.ChatAsync(model: model, headers: ("Prefer", "respond-async"));
        using var response = await sut.Gateway.Client.GetAsync(
            $"/v1/jobs/{reply.Json.GetProperty("id").GetString()}?wait=30", TestContext.Current.CancellationToken);

        Assert.Equal(200, (int)response.StatusCode);
        Assert.Contains(answer, await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("integer", "succeeded")]
    [InlineData("string", "failed")]
    public async Task Job_WithASchema_SucceedsOnlyWithAnAnswerThatFits(string type, string status)
    {
        var model = RedisServer.Unique("gpt");
        await using var sut = await ProviderGateway.StartAsync(_redis, $"Models:{model}:Provider=fake");
        sut.Provider.Otherwise = FakeProvider.Says("1");

        var reply = await sut.ChatAsync(
            $$"""
            "response_format":{"type":"json_schema","json_schema":{"name":"n","schema":{"type":"{{type}}"} } }
            """,
            model: model, headers: ("Prefer", "respond-async"));
        var job = await sut.Gateway.GetJobAsync(reply.Json.GetProperty("id").GetString()!, "?wait=30");

        Assert.Equal(status, job.GetProperty("status").GetString());
        Assert.Equal(status == "failed" ? (3, "answer_invalid") : (1, null), (
            sut.Provider.Received.Count, job.TryGetProperty("error", out var error) && error.ValueKind == JsonValueKind.Object ? error.GetProperty("code").GetString() : null));
    }

    [Fact]
    public async Task RespondAsync_OfAProvider_IsAJob()
    {
        var model = RedisServer.Unique("gpt");
        await using var sut = await ProviderGateway.StartAsync(_redis, $"Models:{model}:Provider=fake");

        var reply = await sut.ChatAsync(model: model, headers: ("Prefer", "respond-async"));
        var job = await sut.Gateway.GetJobAsync(reply.Json.GetProperty("id").GetString()!, "?wait=30");

        Assert.Equal((202, "succeeded"), (reply.Status, job.GetProperty("status").GetString()));
    }

    [Fact]
    public async Task IdempotencyKey_OnAProvidersCall_CallsOnce()
    {
        var model = RedisServer.Unique("gpt");
        await using var sut = await ProviderGateway.StartAsync(_redis, $"Models:{model}:Provider=fake");
        var key = ("Idempotency-Key", RedisServer.Unique("key"));

        var first = await sut.ChatAsync(model: model, headers: key);
        var second = await sut.ChatAsync(model: model, headers: key);

        Assert.Equal((200, 200, 1), (first.Status, second.Status, sut.Provider.Received.Count));
        Assert.Equal(first.Body, second.Body);
    }

    [Theory]
    [InlineData("Prefer", "respond-async")]
    [InlineData("Idempotency-Key", "a-key")]
    public async Task Stream_AsAJob_Is400(string header, string value)
    {
        await using var sut = await ProviderGateway.StartAsync(_redis);

        var reply = await sut.ChatAsync("\"stream\":true", headers: (header, value));

        Assert.Equal((400, "stream"), (reply.Status, reply.Json.GetProperty("error").GetProperty("param").GetString()));
    }

    [Fact]
    public async Task Job_ProviderFails_IsNotTriedAgainByItsLease()
    {
        var model = RedisServer.Unique("gpt");
        await using var sut = await ProviderGateway.StartAsync(
            _redis, $"Models:{model}:Provider=fake", $"Models:{model}:MaxRetries=1", "Jobs:RetryDelay=00:00:00.100");
        sut.Provider.Otherwise = FakeProvider.Fails(503);

        var reply = await sut.ChatAsync(model: model, headers: ("Prefer", "respond-async"));
        var job = await sut.Gateway.GetJobAsync(reply.Json.GetProperty("id").GetString()!, "?wait=30");

        Assert.Equal(("failed", "provider_failed", 1), (
            job.GetProperty("status").GetString(), job.GetProperty("error").GetProperty("code").GetString(),
            job.GetProperty("attempts").GetInt32()));
        Assert.Equal(2, sut.Provider.Received.Count);
    }

    [Fact]
    public async Task Job_ProviderIsLeftAlone_IsTriedAgainByItsLease()
    {
        var model = RedisServer.Unique("gpt");
        await using var sut = await ProviderGateway.StartAsync(
            _redis, $"Models:{model}:Provider=fake", $"Models:{model}:MaxRetries=1", "Jobs:RetryDelay=00:00:01",
            "Providers:fake:BreakerAttempts=2",
            "Providers:fake:BreakerPause=00:00:00.500");
        sut.Provider.Script(FakeProvider.Fails(503), FakeProvider.Fails(503));
        await sut.ChatAsync(model: model);

        var reply = await sut.ChatAsync(model: model, headers: ("Prefer", "respond-async"));
        var job = await sut.Gateway.GetJobAsync(reply.Json.GetProperty("id").GetString()!, "?wait=30");

        Assert.Equal("succeeded", job.GetProperty("status").GetString());
        Assert.Equal(3, sut.Provider.Received.Count);
    }

    [Fact]
    public async Task Job_RequestIsRefused_FailsWithTheProvidersWords()
    {
        var model = RedisServer.Unique("gpt");
        await using var sut = await ProviderGateway.StartAsync(_redis, $"Models:{model}:Provider=fake");
        sut.Provider.Script(FakeProvider.Fails(400, "context_length_exceeded", "Too long."));

        var reply = await sut.ChatAsync(model: model, headers: ("Prefer", "respond-async"));
        var job = await sut.Gateway.GetJobAsync(reply.Json.GetProperty("id").GetString()!, "?wait=30");

        Assert.Equal("failed", job.GetProperty("status").GetString());
        Assert.Equal(("context_length_exceeded", "Too long."),
            (job.GetProperty("error").GetProperty("code").GetString(), job.GetProperty("error").GetProperty("message").GetString()));
    }

    [Fact]
    public async Task Job_Deleted_EndsTheProvidersCall()
    {
        var model = RedisServer.Unique("gpt");
        await using var sut = await ProviderGateway.StartAsync(_redis, $"Models:{model}:Provider=fake");
        sut.Provider.Otherwise = FakeProvider.HangsAsync;

        var reply = await sut.ChatAsync(model: model, headers: ("Prefer", "respond-async"));
        await Poll.UntilAsync(() => sut.Provider.UnderWay == 1, "the job runs");
        using var deleted = await sut.Gateway.Client.DeleteAsync(
            $"/v1/jobs/{reply.Json.GetProperty("id").GetString()}", TestContext.Current.CancellationToken);

        await Poll.UntilAsync(() => sut.Provider is { UnderWay: 0, Aborted: 1 }, "the provider's call was ended");
    }

    [Fact]
    public async Task Job_GatewayStopsInMidCall_AnotherOneRunsIt()
    {
        var model = RedisServer.Unique("gpt");
        await using var sut = await ProviderGateway.StartAsync(
            _redis, $"Models:{model}:Provider=fake", "Leasing:DrainTimeout=00:00:00.100");
        sut.Provider.Script(FakeProvider.HangsAsync);
        var reply = await sut.ChatAsync(model: model, headers: ("Prefer", "respond-async"));
        await Poll.UntilAsync(() => sut.Provider.UnderWay == 1, "the job runs");

        await sut.Gateway.StopAsync();
        await using var other = await GatewayHost.StartAsync(_redis, sut.Provider.Settings($"Models:{model}:Provider=fake"));
        var job = await other.GetJobAsync(reply.Json.GetProperty("id").GetString()!, "?wait=30");

        Assert.Equal("succeeded", job.GetProperty("status").GetString());
        Assert.Equal(2, sut.Provider.Received.Count);
    }
}
