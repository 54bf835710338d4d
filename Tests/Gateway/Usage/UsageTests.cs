using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using AiPlatform.Jobs.Usage;
using AiPlatform.Tests.Fixtures;
using AiPlatform.Tests.Gateway.Fixtures;
using AiPlatform.Tests.Gateway.Providers;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace AiPlatform.Tests.Gateway.Usage;

public sealed class UsageTests(RedisServer redis) : IClassFixture<RedisServer>
{
    private readonly RedisServer _redis = redis;

    [Fact]
    public async Task Usage_CallsOfEveryKind_AreCounted()
    {
        var (model, tenant) = (RedisServer.Unique("gpt"), new TestKey(RedisServer.Unique("t")));
        await using var sut = await ProviderGateway.StartAsync(_redis, [$"Models:{model}:Provider=fake", $"Models:{model}:MaxRetries=0", .. tenant.Settings]);
        sut.Provider.Script(FakeProvider.Says("a"), FakeProvider.StreamsWords("b"), FakeProvider.Fails(500), FakeProvider.Says("c"));

        await ChatAsync(sut, tenant, model);
        await ChatAsync(sut, tenant, model, "\"stream\":true");
        await ChatAsync(sut, tenant, model);
        await ChatAsync(sut, tenant, model, headers: ("Idempotency-Key", "a-key"));

        await Poll.UntilAsync(
            async () => await UsageOfAsync(sut, tenant) is [{ Requests: 4, Failed: 1, InputTokens: 7 + 11 + 7, OutputTokens: 3 + 5 + 3 } row] && row.Model == model,
            "four calls are counted");
    }

    [Fact]
    public async Task Usage_CountsThatNobodyCanMean_AreNotCountedAndHurtNobody()
    {
        var (model, tenant) = (RedisServer.Unique("gpt"), new TestKey(RedisServer.Unique("t")));
        await using var sut = await ProviderGateway.StartAsync(_redis, [$"Models:{model}:Provider=fake", .. tenant.Settings]);
        foreach (var tokens in new[] { "9223372036854775806", "5000000000000000000", "5000000000000000000", "1e18", "-7", "1000.0" })
        {
            var answer = FakeProvider.ChatJson("a").Replace("\"prompt_tokens\":7", $"\"prompt_tokens\":{tokens}", StringComparison.Ordinal);
            sut.Provider.Script(FakeProvider.Json(answer));
        }

        for (var call = 0; call < 6; call++) await ChatAsync(sut, tenant, model);
        await ChatAsync(sut, tenant, model, headers: ("Idempotency-Key", RedisServer.Unique("key")));

        await Poll.UntilAsync(
            async () => await UsageOfAsync(sut, tenant) is [{ Requests: 7, Failed: 0, InputTokens: 1000 + 7, OutputTokens: 7 * 3 }], "seven calls are counted");
    }

    [Fact]
    public async Task Usage_JobThatFailedAfterCorrections_CountsTheirTokens()
    {
        var (model, tenant) = (RedisServer.Unique("gpt"), new TestKey(RedisServer.Unique("t")));
        await using var sut = await ProviderGateway.StartAsync(_redis, [$"Models:{model}:Provider=fake", $"Models:{model}:MaxCorrections=1", .. tenant.Settings]);
        const string Format = "\"response_format\":{\"type\":\"json_schema\",\"json_schema\":{\"name\":\"n\",\"schema\":{\"type\":\"object\"}}}";

        await ChatAsync(sut, tenant, model, Format, ("Idempotency-Key", RedisServer.Unique("key")));

        await Poll.UntilAsync(
            async () => await UsageOfAsync(sut, tenant) is [{ Requests: 1, Failed: 1, InputTokens: 14, OutputTokens: 6 }], "both answers are counted");
    }

    [Fact]
    public async Task Usage_OfOthers_IsForOperatorsOnly()
    {
        var model = RedisServer.Unique("gpt");
        var (one, other, operators) = (new TestKey(RedisServer.Unique("one")), new TestKey(RedisServer.Unique("other")), new TestKey(RedisServer.Unique("ops"), "operator"));
        await using var sut = await ProviderGateway.StartAsync(
            _redis, [$"Models:{model}:Provider=fake", .. one.Settings, .. other.Settings, .. operators.Settings]);

        await ChatAsync(sut, one, model);

        await Poll.UntilAsync(async () => (await UsageOfAsync(sut, operators)).Any(row => row.Tenant == one.Tenant), "the operator sees it");
        Assert.Single(await UsageOfAsync(sut, one));
        Assert.Empty(await UsageOfAsync(sut, other));
    }

    [Fact]
    public async Task Usage_RedisWasDown_IsWrittenLater()
    {
        var model = RedisServer.Unique("gpt");
        var redis = new RedisServer();
        await redis.InitializeAsync();
        await using var sut = await ProviderGateway.StartAsync(redis, $"Models:{model}:Provider=fake");
        await redis.StopAsync();
        await sut.ChatAsync(model: model);

        await redis.StartAsync();

        await Poll.UntilAsync(async () => await UsageOfAsync(sut, null) is [{ Requests: 1 }], "the call is counted");
        await redis.DisposeAsync();
    }

    [Fact]
    public async Task Usage_GatewayStops_IsWrittenBefore()
    {
        var model = RedisServer.Unique("gpt");
        var tenant = new TestKey(RedisServer.Unique("t"));
        string[] settings = [$"Models:{model}:Provider=fake", .. tenant.Settings];
        await using var sut = await ProviderGateway.StartAsync(_redis, settings);
        await ChatAsync(sut, tenant, model);

        await sut.Gateway.StopAsync();
        await using var other = await GatewayHost.StartAsync(_redis, sut.Provider.Settings(settings));
        var today = DateOnly.FromDateTime(TimeProvider.System.GetUtcNow().UtcDateTime);
        var rows = await other.Services.GetRequiredService<IUsageStore>().ReadAsync(today.AddDays(-1), today, tenant.Tenant, CancellationToken.None);

        Assert.Equal(1, Assert.Single(rows).Count.Requests);
    }

    [Theory]
    [InlineData("from=yesterday", "from")]
    [InlineData("to=2026-13-01", "to")]
    [InlineData("to=2026-1-1", "to")]
    [InlineData("from=2026-02-02&to=2026-02-01", "from")]
    [InlineData("from=2024-01-01&to=2026-01-01", "from")]
    [InlineData("from=0001-01-01", "from")]
    [InlineData("from=2026-01-01&from=2026-01-02", "from")]
    public async Task Usage_BadDates_Are400(string query, string param)
    {
        await using var sut = await GatewayHost.StartAsync(_redis);

        using var response = await sut.Client.GetAsync($"/v1/usage?{query}", TestContext.Current.CancellationToken);
        var problem = await response.Content.ReadFromJsonAsync<JsonElement>(TestContext.Current.CancellationToken);

        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        Assert.Equal(param, problem.GetProperty("param").GetString());
    }

    private static async Task ChatAsync(
        ProviderGateway sut, TestKey key, string model, string more = "", params (string Name, string Value)[] headers)
    {
        using var request = ProviderGateway.ChatRequest(more, model, headers);
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", key.Value);
        using var response = await sut.Gateway.Client.SendAsync(request, TestContext.Current.CancellationToken);
        await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
    }

    private static async Task<List<Row>> UsageOfAsync(ProviderGateway sut, TestKey? key)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "/v1/usage");
        if (key is not null) request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", key.Value);
        using var response = await sut.Gateway.Client.SendAsync(request, TestContext.Current.CancellationToken);
        if (!response.IsSuccessStatusCode) return [];
        var list = await response.Content.ReadFromJsonAsync<JsonElement>(TestContext.Current.CancellationToken);
        return [.. list.GetProperty("data").EnumerateArray().Select(row => new Row(
            row.GetProperty("tenant").GetString()!, row.GetProperty("model").GetString()!, row.GetProperty("requests").GetInt64(),
            row.GetProperty("failed").GetInt64(), row.GetProperty("input_tokens").GetInt64(), row.GetProperty("output_tokens").GetInt64()))];
    }

    private sealed record Row(string Tenant, string Model, long Requests, long Failed, long InputTokens, long OutputTokens);
}
