using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using AiPlatform.Jobs.Usage;
using AiPlatform.Tests.Fixtures;
using AiPlatform.Tests.Gateway.Fixtures;
using AiPlatform.Tests.Gateway.Providers;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Xunit;

namespace AiPlatform.Tests.Gateway.Limits;

/// <summary>Limits of tenants and keys over HTTP: of own models and of providers, synchronous, as streams and as jobs.</summary>
public sealed class LimitsTests(RedisServer redis) : IClassFixture<RedisServer>
{
    private const string Embeddings = "/v1/embeddings";

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private readonly TestKey _key = new(RedisServer.Unique("t"));
    private readonly string _model = RedisServer.Unique("m");

    [Fact]
    public async Task Requests_LimitIsReached_RefusesEveryRouteInItsDialect()
    {
        await using var sut = await StartAsync("RequestsPerMinute=3");
        await using var worker = await FakeWorker.StartAsync(sut.Gateway, _model);
        using var client = _key.ClientOf(sut.Gateway);

        using var first = await client.PostAsJsonAsync(Embeddings, new { model = _model, input = "a" }, Ct);
        using var second = await client.PostAsJsonAsync("/v1/jobs", new { endpoint = Embeddings, body = new { model = _model, input = "a" } }, Ct);
        using var third = await SendAsync(client, ProviderGateway.ChatRequest());
        using var chat = await SendAsync(client, ProviderGateway.ChatRequest("\"stream\":true"));
        using var job = await client.PostAsJsonAsync("/v1/jobs", new { endpoint = Embeddings, body = new { model = _model, input = "a" } }, Ct);
        using var answer = await client.PostAsJsonAsync("/ask-ai", new { prompt = "hi" }, Ct);
        using var invalid = await client.PostAsJsonAsync(Embeddings, new { model = _model, input = 7.5 }, Ct);

        Assert.Equal(
            [HttpStatusCode.OK, HttpStatusCode.Accepted, HttpStatusCode.OK], [first.StatusCode, second.StatusCode, third.StatusCode]);
        Assert.Equal("\"rpm\";q=3;w=60", Header(first, "RateLimit-Policy"));
        Assert.Matches("^\"rpm\";r=2;t=6[0-5]$", Header(first, "RateLimit"));
        Assert.Equal(("3", "2"), (Header(first, "x-ratelimit-limit-requests"), Header(first, "x-ratelimit-remaining-requests")));
        Assert.Matches("^1m[0-5]s$", Header(first, "x-ratelimit-reset-requests"));
        Assert.Equal("", Header(first, "x-ratelimit-limit-tokens"));
        foreach (var refused in (HttpResponseMessage[])[chat, job, answer])
        {
            Assert.Equal(HttpStatusCode.TooManyRequests, refused.StatusCode);
            Assert.InRange(int.Parse(Header(refused, "Retry-After"), provider: null), 1, 65);
            Assert.Equal($"\"rpm\";r=0;t={Header(refused, "Retry-After")}", Header(refused, "RateLimit"));
            Assert.Equal("0", Header(refused, "x-ratelimit-remaining-requests"));
        }

        Assert.Equal(HttpStatusCode.BadRequest, invalid.StatusCode);
        var error = (await chat.Content.ReadFromJsonAsync<JsonElement>(Ct)).GetProperty("error");
        Assert.Equal(
            ("rate_limit_error", "rate_limit_exceeded"), (error.GetProperty("type").GetString(), error.GetProperty("code").GetString()));
        Assert.StartsWith("Your tenant's limit of 3 requests per minute is reached.", error.GetProperty("message").GetString(), StringComparison.Ordinal);
        var problem = await job.Content.ReadFromJsonAsync<JsonElement>(Ct);
        Assert.Equal(
            ("https://iana.org/assignments/http-problem-types#quota-exceeded", "rate_limit_exceeded", "rpm"),
            (problem.GetProperty("type").GetString(), problem.GetProperty("code").GetString(),
                problem.GetProperty("violated-policies")[0].GetString()));
        Assert.Single(sut.Provider.Received);
    }

    [Fact]
    public async Task Requests_CallsThatAreNotValid_DoNotCount()
    {
        await using var sut = await StartAsync("RequestsPerMinute=1");
        await using var worker = await FakeWorker.StartAsync(sut.Gateway, _model);
        using var client = _key.ClientOf(sut.Gateway);

        using var wrong = await client.PostAsJsonAsync(Embeddings, new { model = _model, input = 7.5 }, Ct);
        using var unknown = await client.PostAsJsonAsync(Embeddings, new { model = "unknown", input = "a" }, Ct);
        using var job = await client.PostAsJsonAsync("/v1/jobs", new { endpoint = Embeddings, body = new { model = _model } }, Ct);
        using var right = await client.PostAsJsonAsync(Embeddings, new { model = _model, input = "a" }, Ct);

        Assert.Equal(
            (HttpStatusCode.BadRequest, HttpStatusCode.NotFound, HttpStatusCode.BadRequest, HttpStatusCode.OK),
            (wrong.StatusCode, unknown.StatusCode, job.StatusCode, right.StatusCode));
    }

    [Fact]
    public async Task Requests_FiftyAtOnceOverTwoGateways_OnlyTheLimitGoesThrough()
    {
        await using var sut = await StartAsync("RequestsPerMinute=7");
        await using var other = await GatewayHost.StartAsync(redis, sut.Provider.Settings([.. _key.Settings, $"ApiKeys:{_key.Tenant}:Limits:RequestsPerMinute=7"]));
        using var one = _key.ClientOf(sut.Gateway);
        using var two = _key.ClientOf(other);

        var replies = await Task.WhenAll(Enumerable.Range(0, 50).Select(
            i => SendAsync(i % 2 == 0 ? one : two, ProviderGateway.ChatRequest())));

        Assert.Equal(7, replies.Count(reply => reply.StatusCode == HttpStatusCode.OK));
        Assert.Equal(43, replies.Count(reply => reply.StatusCode == HttpStatusCode.TooManyRequests));
        Assert.Equal(7, sut.Provider.Received.Count);
        foreach (var reply in replies) reply.Dispose();
    }

    [Fact]
    public async Task Tokens_CallTookLessThanItMight_RestIsLeftAtOnce()
    {
        await using var sut = await StartAsync("TokensPerMinute=300", "TokensPerDay=100000");
        using var client = _key.ClientOf(sut.Gateway);

        for (var i = 0; i < 5; i++)
        {
            using var reply = await SendAsync(client, ProviderGateway.ChatRequest("\"max_tokens\":200"));
            Assert.Equal(HttpStatusCode.OK, reply.StatusCode);
            Assert.Equal("300", Header(reply, "x-ratelimit-limit-tokens"));
        }

        using var large = await SendAsync(client, ProviderGateway.ChatRequest("\"max_tokens\":100,\"n\":3"));

        Assert.Equal(HttpStatusCode.TooManyRequests, large.StatusCode);
        Assert.Equal(("false", ""), (Header(large, "x-should-retry"), Header(large, "Retry-After")));
        var ledger = sut.Gateway.Services.GetRequiredService<IUsageStore>();
        var today = DateOnly.FromDateTime(TimeProvider.System.GetUtcNow().UtcDateTime);
        await Poll.UntilAsync(
            async () => (await ledger.ReadAsync(today, today, _key.Tenant, Ct)) is [{ Count.Requests: 5 }], "the usage is written");
        var limits = await client.GetFromJsonAsync<JsonElement>("/v1/limits", Ct);
        var rows = limits.GetProperty("data").EnumerateArray().ToDictionary(row => row.GetProperty("name").GetString()!);
        Assert.Equal(300 - 50, rows["tokens"].GetProperty("remaining").GetInt64());
        Assert.Equal(60, rows["tokens"].GetProperty("window_seconds").GetInt64());
        Assert.Equal(100_000 - 50, rows["tokens-per-day"].GetProperty("remaining").GetInt64());
    }

    [Fact]
    public async Task Budget_IsUsedUp_InsufficientQuotaWithoutASleep()
    {
        await using var sut = await StartAsync("TokensPerMonth=300");
        await using var worker = await FakeWorker.StartAsync(sut.Gateway, _model);
        using var client = _key.ClientOf(sut.Gateway);
        sut.Provider.Otherwise = FakeProvider.Json(FakeProvider.ChatJson("a", input: 200, output: 90));
        using var first = await SendAsync(client, ProviderGateway.ChatRequest("\"max_tokens\":9"));

        using var chat = await SendAsync(client, ProviderGateway.ChatRequest("\"max_tokens\":9"));
        var large = new { model = _model, input = new string('a', 200) };
        using var job = await client.PostAsJsonAsync("/v1/jobs", new { endpoint = Embeddings, body = large }, Ct);

        Assert.Equal(
            (HttpStatusCode.OK, HttpStatusCode.TooManyRequests, HttpStatusCode.TooManyRequests),
            (first.StatusCode, chat.StatusCode, job.StatusCode));
        var error = (await chat.Content.ReadFromJsonAsync<JsonElement>(Ct)).GetProperty("error");
        Assert.Equal(
            ("insufficient_quota", "insufficient_quota"), (error.GetProperty("type").GetString(), error.GetProperty("code").GetString()));
        Assert.StartsWith("Your tenant's budget of 300 tokens per month is reached.", error.GetProperty("message").GetString(), StringComparison.Ordinal);
        Assert.StartsWith("\"tokens-per-month\";r=10;t=", Header(chat, "RateLimit"), StringComparison.Ordinal);
        var problem = await job.Content.ReadFromJsonAsync<JsonElement>(Ct);
        Assert.Equal(("budget_exceeded", false), (problem.GetProperty("code").GetString(), problem.GetProperty("retryable").GetBoolean()));
        // All calls have ended, so nothing comes back before the month does.
        Assert.InRange(long.Parse(Header(job, "Retry-After"), provider: null), 6, 31 * 86_400);
        Assert.Equal(("false", "false", ""), (Header(job, "x-should-retry"), Header(chat, "x-should-retry"), Header(chat, "Retry-After")));
    }

    /// <summary>The body and both headers say the same: what a job holds may come back soon.</summary>
    [Fact]
    public async Task Budget_IsHeldByAJob_RefusalIsRetryable()
    {
        await using var sut = await StartAsync("TokensPerDay=1000");
        await using var worker = await FakeWorker.IdleAsync(sut.Gateway, _model);
        using var client = _key.ClientOf(sut.Gateway);
        var body = new { endpoint = Embeddings, body = new { model = _model, input = new string('a', 3_000) } };
        using var first = await client.PostAsJsonAsync("/v1/jobs", body, Ct);

        using var refused = await client.PostAsJsonAsync("/v1/jobs", body, Ct);

        Assert.Equal((HttpStatusCode.Accepted, HttpStatusCode.TooManyRequests), (first.StatusCode, refused.StatusCode));
        Assert.Equal(("5", ""), (Header(refused, "Retry-After"), Header(refused, "x-should-retry")));
        var problem = await refused.Content.ReadFromJsonAsync<JsonElement>(Ct);
        Assert.Equal(("budget_exceeded", true), (problem.GetProperty("code").GetString(), problem.GetProperty("retryable").GetBoolean()));
    }

    [Fact]
    public async Task Tokens_CallAloneIsLargerThanItsLimit_IsNotRetryable()
    {
        await using var sut = await StartAsync("TokensPerMinute=100");
        await using var worker = await FakeWorker.IdleAsync(sut.Gateway, _model);
        using var client = _key.ClientOf(sut.Gateway);
        var body = new { endpoint = Embeddings, body = new { model = _model, input = new string('a', 3_000) } };

        using var refused = await client.PostAsJsonAsync("/v1/jobs", body, Ct);

        Assert.Equal(("60", "false"), (Header(refused, "Retry-After"), Header(refused, "x-should-retry")));
        Assert.False((await refused.Content.ReadFromJsonAsync<JsonElement>(Ct)).GetProperty("retryable").GetBoolean());
    }

    [Fact]
    public async Task Concurrency_StreamIsCutOrEnds_ItsSlotIsFree()
    {
        await using var sut = await StartAsync("ConcurrentCalls=1");
        using var client = _key.ClientOf(sut.Gateway);
        sut.Provider.Otherwise = FakeProvider.Streams([FakeProvider.Chunk("a")], done: false, end: FakeProvider.HangsAsync);
        var stream = await client.SendAsync(ProviderGateway.ChatRequest("\"stream\":true"), HttpCompletionOption.ResponseHeadersRead, Ct);

        using var refused = await SendAsync(client, ProviderGateway.ChatRequest());
        stream.Dispose();
        sut.Provider.Otherwise = FakeProvider.StreamsWords("b");
        await Poll.UntilAsync(
            async () =>
            {
                using var next = await SendAsync(client, ProviderGateway.ChatRequest("\"stream\":true"));
                return next.StatusCode == HttpStatusCode.OK;
            },
            "the slot of the stream is free");

        Assert.Equal(HttpStatusCode.TooManyRequests, refused.StatusCode);
        Assert.Equal("\"concurrency\";q=1;qu=\"concurrent-requests\"", Header(refused, "RateLimit-Policy"));
        Assert.Equal(("\"concurrency\";r=0", "1"), (Header(refused, "RateLimit"), Header(refused, "Retry-After")));
        // One after the other never are two at a time.
        sut.Provider.Otherwise = FakeProvider.Says("c");
        for (var i = 0; i < 20; i++)
        {
            using var next = await SendAsync(client, ProviderGateway.ChatRequest());
            Assert.Equal(HttpStatusCode.OK, next.StatusCode);
        }
    }

    [Fact]
    public async Task Concurrency_OwnModel_HoldsWhileTheClientWaits()
    {
        await using var sut = await StartAsync("ConcurrentCalls=1");
        await using var worker = await FakeWorker.IdleAsync(sut.Gateway, _model);
        using var client = _key.ClientOf(sut.Gateway);
        var waiting = client.PostAsJsonAsync(Embeddings, new { model = _model, input = "a" }, Ct);
        var leased = await worker.LeaseAsync();

        using var refused = await client.PostAsJsonAsync(Embeddings, new { model = _model, input = "b" }, Ct);
        using var job = await client.PostAsJsonAsync("/v1/jobs", new { endpoint = Embeddings, body = new { model = _model, input = "a" } }, Ct);
        await worker.SucceedAsync(leased);
        using var answered = await waiting;
        var more = worker.LeaseAsync();
        await worker.SucceedAsync(await more);
        var last = client.PostAsJsonAsync(Embeddings, new { model = _model, input = "c" }, Ct);
        await worker.SucceedAsync(await worker.LeaseAsync());

        Assert.Equal(
            (HttpStatusCode.TooManyRequests, HttpStatusCode.Accepted, HttpStatusCode.OK, HttpStatusCode.OK),
            (refused.StatusCode, job.StatusCode, answered.StatusCode, (await last).StatusCode));
    }

    [Theory]
    [InlineData("RequestsPerMinute=1")]
    [InlineData("TokensPerMinute=100")]
    public async Task Idempotency_SameKeyAgain_IsCountedOnce(string limit)
    {
        await using var sut = await StartAsync(limit);
        await using var worker = await FakeWorker.StartAsync(sut.Gateway, _model);
        using var client = _key.ClientOf(sut.Gateway);

        var body = new { model = _model, input = new string('a', 300) };
        var replies = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => SendAsync(client, Request(Embeddings, body, "one"))));
        using var again = await SendAsync(client, Request(Embeddings, body, "one"));
        using var refused = await SendAsync(client, Request(Embeddings, body, "two"));

        Assert.All(replies, reply => Assert.Equal(HttpStatusCode.OK, reply.StatusCode));
        Assert.Single(replies.Select(reply => Header(reply, "X-Job-Id")).Distinct());
        Assert.Equal(HttpStatusCode.OK, again.StatusCode);
        Assert.Equal(limit[0] == 'R' ? HttpStatusCode.TooManyRequests : HttpStatusCode.OK, refused.StatusCode);
        foreach (var reply in replies) reply.Dispose();
    }

    /// <summary>The call's hold lasts a minute or until its usage is written; its job is what a repetition finds.</summary>
    [Fact]
    public async Task Idempotency_SameKeyAfterTheHoldIsGone_IsNotCountedAgain()
    {
        await using var sut = await StartAsync("RequestsPerMinute=1");
        await using var worker = await FakeWorker.StartAsync(sut.Gateway, _model);
        using var client = _key.ClientOf(sut.Gateway);
        var body = new { model = _model, input = "a" };
        using var first = await SendAsync(client, Request(Embeddings, body, "one"));

        await redis.Connection.GetDatabase().KeyDeleteAsync($"ai:{{USAGE.{_key.Tenant}}}:held");
        using var again = await SendAsync(client, Request(Embeddings, body, "one"));

        Assert.Equal((HttpStatusCode.OK, HttpStatusCode.OK), (first.StatusCode, again.StatusCode));
        Assert.Equal(Header(first, "X-Job-Id"), Header(again, "X-Job-Id"));
    }

    /// <summary>A job that nobody ran would hold its tokens for ever, and one that waits must not lose them.</summary>
    [Fact]
    public async Task Job_Waits_HoldsItsTokensUntilItsDeadline()
    {
        await using var sut = await StartAsync("TokensPerDay=1000");
        await using var worker = await FakeWorker.IdleAsync(sut.Gateway, _model);
        using var client = _key.ClientOf(sut.Gateway);

        using var job = await client.PostAsJsonAsync(
            "/v1/jobs", new { endpoint = Embeddings, body = new { model = _model, input = "a" }, deadline_seconds = 3600 }, Ct);

        Assert.Equal(HttpStatusCode.Accepted, job.StatusCode);
        var hold = Assert.Single(
            await redis.Connection.GetDatabase().SortedSetRangeByRankWithScoresAsync($"ai:{{USAGE.{_key.Tenant}}}:holds"));
        Assert.InRange(hold.Score / 1000 - TimeProvider.System.GetUtcNow().ToUnixTimeSeconds(), 3_600, 3_700);
    }

    /// <summary>Who has read a stream to its end has its slot back, and what is left is what the stream took less.</summary>
    [Theory]
    [InlineData(true, 5 + 2)]
    [InlineData(false, 11 + 5)]
    public async Task Stream_HasEnded_ItsSlotIsFreeAndItsTokensAreKnown(bool isOwn, int took)
    {
        await using var sut = await StartAsync("TokensPerMinute=1000", "ConcurrentCalls=1");
        await sut.Gateway.ServeAsync(_model, task: "text-generation");
        await using var worker = FakeWorker.Start(sut.Gateway, _model);
        sut.Provider.Otherwise = FakeProvider.StreamsWords("b");
        using var client = _key.ClientOf(sut.Gateway);

        for (var i = 1; i <= 10; i++)
        {
            using var reply = await SendAsync(
                client, ProviderGateway.ChatRequest("\"stream\":true,\"max_tokens\":50", isOwn ? _model : "gpt"));
            Assert.Equal(HttpStatusCode.OK, reply.StatusCode);
            Assert.Equal(1_000 - (i * took), await LeftAsync(client));
        }
    }

    [Fact]
    public async Task Tokens_CallEndsWithoutAnAnswer_AreGivenBackAtOnce()
    {
        await using var sut = await StartAsync("TokensPerDay=1000", "RequestsPerMinute=5");
        await sut.Gateway.ServeAsync(_model);
        await sut.Gateway.LeaveAsync(_model);
        using var client = _key.ClientOf(sut.Gateway);
        using var reply = await client.PostAsJsonAsync(Embeddings, new { model = _model, input = new string('a', 400) }, Ct);

        Assert.Equal(HttpStatusCode.ServiceUnavailable, reply.StatusCode);
        Assert.Equal(1_000, await LeftAsync(client));
        Assert.Equal("4", Header(reply, "x-ratelimit-remaining-requests"));
    }

    [Fact]
    public async Task GetLimits_TenantAndKey_ListsAllAndCountsNothing()
    {
        await using var sut = await ProviderGateway.StartAsync(
            redis,
            [$"ApiKeys:{_key.Tenant}:Keys:app:{_key.Settings[0].Split(':')[2]}", $"ApiKeys:{_key.Tenant}:Keys:app:Limits:RequestsPerMinute=2",
                $"ApiKeys:{_key.Tenant}:Limits:ConcurrentCalls=4", $"ApiKeys:{_key.Tenant}:Limits:RequestsPerMinute=9",
                $"ApiKeys:{_key.Tenant}:Limits:TokensPerMonth=1000"]);
        using var client = _key.ClientOf(sut.Gateway);
        using var call = await SendAsync(client, ProviderGateway.ChatRequest("\"max_tokens\":9"));

        List<JsonElement> rows = [];
        for (var i = 0; i < 5; i++)
            rows = [.. (await client.GetFromJsonAsync<JsonElement>("/v1/limits", Ct)).GetProperty("data").EnumerateArray()];

        Assert.Equal(HttpStatusCode.OK, call.StatusCode);
        Assert.Equal(
            ["tokens-per-month tokens 1000 990", "rpm requests 9 8 60", "concurrency concurrent-requests 4 4", "key-rpm requests 2 1 60"],
            rows.Select(row => string.Join(' ', row.EnumerateObject()
                .Where(field => field.Name != "reset_seconds" && field.Value.ValueKind != JsonValueKind.Null)
                .Select(field => field.Value))));
        Assert.Equal([true, true, false, true], rows.Select(row => row.GetProperty("reset_seconds").ValueKind == JsonValueKind.Number));
        using var second = await SendAsync(client, ProviderGateway.ChatRequest("\"max_tokens\":9"));
        using var refused = await SendAsync(client, ProviderGateway.ChatRequest("\"max_tokens\":9"));
        Assert.Equal((HttpStatusCode.OK, HttpStatusCode.TooManyRequests), (second.StatusCode, refused.StatusCode));
        Assert.Contains("This API key's limit of 2 requests per minute is reached.", await refused.Content.ReadAsStringAsync(Ct), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Job_IsCanceledOrRunAgain_ItsTokensAreGivenBackOrHeldAgain()
    {
        await using var sut = await StartAsync("TokensPerDay=200");
        await using var worker = await FakeWorker.IdleAsync(sut.Gateway, _model);
        using var client = _key.ClientOf(sut.Gateway);
        var body = new { endpoint = Embeddings, body = new { model = _model, input = new string('a', 500) } };
        using var first = await client.PostAsJsonAsync("/v1/jobs", body, Ct);
        var id = (await first.Content.ReadFromJsonAsync<JsonElement>(Ct)).GetProperty("id").GetString();
        var held = await LeftAsync(client);
        using var refused = await client.PostAsJsonAsync("/v1/jobs", body, Ct);

        using var canceled = await client.DeleteAsync($"/v1/jobs/{id}", Ct);
        var left = await LeftAsync(client);
        using var again = await client.PostAsync($"/v1/jobs/{id}/retry", null, Ct);

        Assert.Equal(
            (HttpStatusCode.Accepted, HttpStatusCode.TooManyRequests, HttpStatusCode.OK, HttpStatusCode.OK),
            (first.StatusCode, refused.StatusCode, canceled.StatusCode, again.StatusCode));
        Assert.Equal(200, left);
        Assert.Equal(held, await LeftAsync(client));
    }

    [Fact]
    public async Task RedisIsAway_CallsToProvidersGoOn()
    {
        await using var server = RedisServer.With();
        await server.InitializeAsync();
        await using var sut = await ProviderGateway.StartAsync(
            server, [.. _key.Settings, $"ApiKeys:{_key.Tenant}:Limits:RequestsPerMinute=1"]);
        using var client = _key.ClientOf(sut.Gateway);
        await server.KillAsync();

        for (var i = 0; i < 2; i++)
        {
            using var reply = await SendAsync(client, ProviderGateway.ChatRequest());
            Assert.Equal(HttpStatusCode.OK, reply.StatusCode);
        }

        using var limits = await client.GetAsync("/v1/limits", Ct);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, limits.StatusCode);
    }

    [Fact]
    public async Task Legs_SeveralModelsAreTried_CallIsCountedOnce()
    {
        await using var legs = await ProviderGateway.StartAsync(
            redis,
            [.. _key.Settings, $"ApiKeys:{_key.Tenant}:Limits:RequestsPerMinute=1", "Models:hosted:Provider=fake", "Models:hosted:MaxRetries=0",
                $"Models:hosted:Fallbacks:0={_model}", $"Models:{_model}:Provider=workers"]);
        await legs.Gateway.ServeAsync(_model, task: "text-generation");
        await using var worker = FakeWorker.Start(legs.Gateway, _model);
        legs.Provider.Otherwise = FakeProvider.Fails(503);
        using var client = _key.ClientOf(legs.Gateway);

        using var reply = await SendAsync(client, ProviderGateway.ChatRequest("\"max_tokens\":9", "hosted"));
        using var refused = await SendAsync(client, ProviderGateway.ChatRequest("\"max_tokens\":9", "hosted"));

        Assert.Equal((HttpStatusCode.OK, HttpStatusCode.TooManyRequests), (reply.StatusCode, refused.StatusCode));
        Assert.Equal(_model, Header(reply, "X-Model"));
    }

    [Theory]
    [InlineData("Limits:RequestsPerMinute=-1", "RequestsPerMinute")]
    [InlineData("Limits:TokensPerMonth=1000000000001", "TokensPerMonth")]
    public async Task Start_LimitOutOfRange_IsRefused(string setting, string named)
    {
        var refused = await Assert.ThrowsAsync<OptionsValidationException>(() => GatewayHost.StartAsync(redis, setting));

        Assert.Contains(named, refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task NoKeys_DefaultLimits_HoldForEverybody()
    {
        await using var server = RedisServer.With();
        await server.InitializeAsync();
        await using var sut = await ProviderGateway.StartAsync(server, "Limits:RequestsPerMinute=1");

        Assert.Equal(200, (await sut.ChatAsync()).Status);
        Assert.Equal((429, "rate_limit_exceeded"), await sut.ChatAsync() is var refused ? (refused.Status, refused.ErrorCode) : default);
    }

    private Task<ProviderGateway> StartAsync(params string[] limits) => ProviderGateway.StartAsync(
        redis, [.. _key.Settings, .. limits.Select(limit => $"ApiKeys:{_key.Tenant}:Limits:{limit}"), "Answers:Model=gpt",
            "Gateway:WorkerWait=00:00:00.2"]);

    private static async Task<long> LeftAsync(HttpClient client) =>
        (await client.GetFromJsonAsync<JsonElement>("/v1/limits", Ct)).GetProperty("data")[0].GetProperty("remaining").GetInt64();

    private static async Task<HttpResponseMessage> SendAsync(HttpClient client, HttpRequestMessage request)
    {
        using (request) return await client.SendAsync(request, Ct);
    }

    private static HttpRequestMessage Request(string path, object body, string key) => new(HttpMethod.Post, path)
    {
        Content = new StringContent(JsonSerializer.Serialize(body), Encoding.UTF8, "application/json"),
        Headers = { { "Idempotency-Key", key } },
    };

    private static string Header(HttpResponseMessage response, string name) =>
        response.Headers.TryGetValues(name, out var values) ? string.Join(",", values) : "";
}
