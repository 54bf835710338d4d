using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using AiPlatform.Jobs.Usage;
using AiPlatform.Tests.Fixtures;
using AiPlatform.Tests.Gateway.Fixtures;
using AiPlatform.Tests.Gateway.Providers;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Xunit;

namespace AiPlatform.Tests.Gateway.Usage;

public sealed class UsageTests(RedisServer redis) : IClassFixture<RedisServer>
{
    private readonly RedisServer _redis = redis;

    [Fact]
    public async Task Usage_CallsOfEveryKind_AreCounted()
    {
        var (model, tenant) = (RedisServer.Unique("gpt"), new TestKey(RedisServer.Unique("t")));
        await using var sut = await ProviderGateway.StartAsync(
            _redis, [$"Models:{model}:Provider=fake", $"Models:{model}:MaxRetries=0", .. tenant.Settings]);
        sut.Provider.Script(FakeProvider.Says("a"), FakeProvider.StreamsWords("b"), FakeProvider.Fails(500), FakeProvider.Says("c"));

        await ChatAsync(sut, tenant, model);
        await ChatAsync(sut, tenant, model, "\"stream\":true");
        await ChatAsync(sut, tenant, model);
        await ChatAsync(sut, tenant, model, headers: [("Idempotency-Key", "a-key")]);

        await Poll.UntilAsync(
            async () => await UsageOfAsync(
                sut, tenant) is [{ Requests: 4, Failed: 1, InputTokens: 7 + 11 + 7, OutputTokens: 3 + 5 + 3 } row] && row.Model == model,
            "four calls are counted");
    }

    /// <summary>A provider may report any number: a sum stays at the largest number, and the usage of others is still counted.</summary>
    [Theory]
    [InlineData("9223372036854775806")]
    [InlineData("5000000000000000000")]
    [InlineData("9007199254740991")]
    public async Task Usage_SumsThatCannotBeCounted_StayAtTheLargest(string tokens)
    {
        var (model, other, tenant) = (RedisServer.Unique("gpt"), RedisServer.Unique("other"), new TestKey(RedisServer.Unique("t")));
        await using var sut = await ProviderGateway.StartAsync(
            _redis, [$"Models:{model}:Provider=fake", $"Models:{other}:Provider=fake", .. tenant.Settings]);
        var ledger = sut.Gateway.Services.GetRequiredService<UsageLedger>();
        var today = DateOnly.FromDateTime(TimeProvider.System.GetUtcNow().UtcDateTime);
        // What an older version may have stored.
        await _redis.Connection.GetDatabase().HashSetAsync($"ai:{{USAGE.{tenant.Tenant}}}:{today:yyyy-MM-dd}",
            [new($"output {model}", tokens), new($"failed {model}", "many")]);

        for (var i = 0; i < 3; i++)
        {
            ledger.Add(tenant.Tenant, model, failed: true, long.Parse(tokens, System.Globalization.CultureInfo.InvariantCulture), i == 0
                ? long.MaxValue
                : 2);
        }
        ledger.Add(tenant.Tenant, other, failed: false, -5, 3);

        await Poll.UntilAsync(async () => await UsageOfAsync(sut, tenant) is [_, _], "both are counted");
        ledger.Add(tenant.Tenant, model, failed: false, 1, 1);
        await Poll.UntilAsync(async () => (await UsageOfAsync(sut, tenant)).Any(row => row.Requests == 4), "more is counted afterwards");
        var rows = (await UsageOfAsync(sut, tenant)).ToDictionary(row => row.Model);
        Assert.Equal((3, UsageCount.Most, UsageCount.Most), (rows[model].Failed, rows[model].InputTokens, rows[model].OutputTokens));
        Assert.Equal((1, 0, 3), (rows[other].Requests, rows[other].InputTokens, rows[other].OutputTokens));
        using var alive = await sut.Gateway.Client.GetAsync("/alive");
        Assert.Equal(HttpStatusCode.OK, alive.StatusCode);
    }

    /// <summary>Counts of one tenant that Redis refuses are kept, and the counts of other tenants are written.</summary>
    [Fact]
    public async Task Usage_OneTenantsIsRefused_OthersAreCounted()
    {
        var (model, damaged, sound) =
            (RedisServer.Unique("gpt"), new TestKey(RedisServer.Unique("a")), new TestKey(RedisServer.Unique("b")));
        await using var sut = await ProviderGateway.StartAsync(
            _redis, [$"Models:{model}:Provider=fake", .. damaged.Settings, .. sound.Settings]);
        var ledger = sut.Gateway.Services.GetRequiredService<UsageLedger>();
        var key = $"ai:{{USAGE.{damaged.Tenant}}}:{TimeProvider.System.GetUtcNow():yyyy-MM-dd}";
        await _redis.Connection.GetDatabase().StringSetAsync(key, "no hash");

        ledger.Add(damaged.Tenant, model, failed: false, 1, 1);
        ledger.Add(sound.Tenant, model, failed: false, 2, 2);

        await Poll.UntilAsync(async () => await UsageOfAsync(sut, sound) is [{ InputTokens: 2 }], "the other is counted");
        await _redis.Connection.GetDatabase().KeyDeleteAsync(key);
        await Poll.UntilAsync(async () => await UsageOfAsync(sut, damaged) is [{ InputTokens: 1 }], "the first is counted when it can be");
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
        await ChatAsync(sut, tenant, model, headers: [("Idempotency-Key", RedisServer.Unique("key"))]);

        await Poll.UntilAsync(
            async () => await UsageOfAsync(sut, tenant) is [{ Requests: 7, Failed: 0, InputTokens: 1000 + 7, OutputTokens: 7 * 3 }],
            "seven calls are counted");
    }

    [Fact]
    public async Task Usage_JobThatFailedAfterCorrections_CountsTheirTokens()
    {
        var (model, tenant) = (RedisServer.Unique("gpt"), new TestKey(RedisServer.Unique("t")));
        await using var sut = await ProviderGateway.StartAsync(
            _redis, [$"Models:{model}:Provider=fake", $"Models:{model}:MaxCorrections=1", .. tenant.Settings]);
        const string Format = "\"response_format\":{\"type\":\"json_schema\",\"json_schema\":{\"name\":\"n\",\"schema\":{\"type\":\"object\"}}}";

        await ChatAsync(sut, tenant, model, Format, [("Idempotency-Key", RedisServer.Unique("key"))]);

        await Poll.UntilAsync(
            async () => await UsageOfAsync(sut, tenant) is [{ Requests: 1, Failed: 1, InputTokens: 14, OutputTokens: 6 }],
            "both answers are counted");
    }

    [Fact]
    public async Task Usage_StreamLeftBeforeItSaysItsUsage_CountsWhatItSaysAfterwards()
    {
        var (model, tenant) = (RedisServer.Unique("gpt"), new TestKey(RedisServer.Unique("t")));
        await using var sut = await ProviderGateway.StartAsync(_redis, [$"Models:{model}:Provider=fake", .. tenant.Settings]);
        var go = new TaskCompletionSource();
        sut.Provider.Script(
            FakeProvider.Streams([FakeProvider.Chunk("Hello"), FakeProvider.Chunk("", "stop")], done: false, async context =>
        {
            await go.Task;
            // By then the Gateway knows that the client has left.
            await Task.Delay(TimeSpan.FromMilliseconds(200), TimeProvider.System, CancellationToken.None);
            await FakeProvider.SendAsync(context, $"data: {FakeProvider.UsageChunk}\n\ndata: [DONE]\n\n");
        }));

        await LeaveStreamAsync(sut, tenant, model, until: "stop");
        go.SetResult();

        await Poll.UntilAsync(
            async () => await UsageOfAsync(
                sut, tenant) is [{ Requests: 1, Failed: 0, InputTokens: 11, OutputTokens: 5, EstimatedTokens: 0 }], "its usage is counted");
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Usage_StreamLeftThatNeverSaysItsUsage_IsEstimated(bool isFinished)
    {
        var (model, tenant) = (RedisServer.Unique("gpt"), new TestKey(RedisServer.Unique("t")));
        await using var sut = await ProviderGateway.StartAsync(_redis, [$"Models:{model}:Provider=fake", "Logging:LogLevel:Microsoft.AspNetCore.Hosting=Information", .. tenant.Settings]);
        using var log = new KeptLog();
        sut.Gateway.Services.GetRequiredService<ILoggerFactory>().AddProvider(log);
        string[] chunks =
            [FakeProvider.Chunk(new string('x', 400)), .. isFinished ? [FakeProvider.Chunk("", "stop")] : Array.Empty<string>()];
        sut.Provider.Script(FakeProvider.Streams(chunks, done: false, FakeProvider.HangsAsync));

        await LeaveStreamAsync(sut, tenant, model, until: isFinished ? "stop" : "xxx");

        await Poll.UntilAsync(
            async () => await UsageOfAsync(
                sut, tenant) is [{ Requests: 1, Failed: 0, InputTokens: > 10 and < 100, OutputTokens: >= 100 and < 110 } row]
                && row.EstimatedTokens == row.InputTokens + row.OutputTokens,
            "its usage is estimated");
        await Poll.UntilAsync(() => sut.Provider is { UnderWay: 0, Aborted: 1 }, "the provider's call was ended");
        await Poll.UntilAsync(
            () => log.Lines.Any(line => line.Text.Contains("Request finished", StringComparison.Ordinal)
                && line.Text.Contains("/v1/chat/completions", StringComparison.Ordinal)),
            "the request is over");
        Assert.DoesNotContain(log.Lines, line => line.Level >= LogLevel.Warning);
    }

    [Fact]
    public async Task Usage_StreamBreaks_IsEstimatedAndFailed()
    {
        var (model, tenant) = (RedisServer.Unique("gpt"), new TestKey(RedisServer.Unique("t")));
        await using var sut = await ProviderGateway.StartAsync(_redis, [$"Models:{model}:Provider=fake", .. tenant.Settings]);
        sut.Provider.Script(FakeProvider.Streams([FakeProvider.Chunk(new string('x', 400))], done: false));

        await ChatAsync(sut, tenant, model, "\"stream\":true");

        await Poll.UntilAsync(
            async () => await UsageOfAsync(sut, tenant) is [{ Requests: 1, Failed: 1, OutputTokens: >= 100, EstimatedTokens: > 100 }],
            "it is counted");
    }

    [Fact]
    public async Task Usage_WholeCallLeft_IsCountedByWhatWasUnderWay()
    {
        var (model, tenant) = (RedisServer.Unique("gpt"), new TestKey(RedisServer.Unique("t")));
        await using var sut = await ProviderGateway.StartAsync(_redis, [$"Models:{model}:Provider=fake", .. tenant.Settings]);
        sut.Provider.Script(FakeProvider.HangsAsync, FakeProvider.Fails(503, headers: ("Retry-After", "30")));

        foreach (var seen in new[] { 1, 2 })
        {
            using var leaving = new CancellationTokenSource();
            var calling = ChatAsync(sut, tenant, model, cancellationToken: leaving.Token);
            // The first is left while the provider works, the second while nobody does.
            await Poll.UntilAsync(
                () => sut.Provider.Received.Count == seen && sut.Provider.UnderWay == (seen == 1 ? 1 : 0), "the provider has the call");
            await leaving.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => calling);
        }

        await Poll.UntilAsync(
            async () => await UsageOfAsync(sut, tenant) is [{ Requests: 2, Failed: 0, InputTokens: > 10 and < 50, OutputTokens: 0 } row]
                && row.EstimatedTokens == row.InputTokens,
            "both calls are counted, and what one of them sent");
    }

    [Fact]
    public async Task Usage_JobCanceledInMidCall_CountsWhatItSent()
    {
        var (model, tenant) = (RedisServer.Unique("gpt"), new TestKey(RedisServer.Unique("t")));
        await using var sut = await ProviderGateway.StartAsync(_redis, [$"Models:{model}:Provider=fake", .. tenant.Settings]);
        sut.Provider.Otherwise = FakeProvider.HangsAsync;
        using var request = ProviderGateway.ChatRequest(model: model, headers: ("Prefer", "respond-async"));
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", tenant.Value);
        using var accepted = await sut.Gateway.Client.SendAsync(request, TestContext.Current.CancellationToken);
        await Poll.UntilAsync(() => sut.Provider.UnderWay == 1, "the job runs");

        using var deletion = new HttpRequestMessage(HttpMethod.Delete, accepted.Headers.Location);
        deletion.Headers.Authorization = new AuthenticationHeaderValue("Bearer", tenant.Value);
        using var deleted = await sut.Gateway.Client.SendAsync(deletion, TestContext.Current.CancellationToken);

        await Poll.UntilAsync(
            async () => await UsageOfAsync(sut, tenant) is [{ Requests: 0, Failed: 0, InputTokens: > 10 and < 50 } row]
                && row.EstimatedTokens == row.InputTokens,
            "what it sent is counted");
    }

    [Fact]
    public async Task Usage_OfOthers_IsForOperatorsOnly()
    {
        var model = RedisServer.Unique("gpt");
        var (one, other, operators) = (new TestKey(RedisServer.Unique("one")), new TestKey(RedisServer.Unique("other")),
            new TestKey(RedisServer.Unique("ops"), "operator"));
        await using var sut = await ProviderGateway.StartAsync(
            _redis, [$"Models:{model}:Provider=fake", .. one.Settings, .. other.Settings, .. operators.Settings]);

        await ChatAsync(sut, one, model);

        await Poll.UntilAsync(
            async () => (await UsageOfAsync(sut, operators)).Any(row => row.Tenant == one.Tenant), "the operator sees it");
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
        var rows = await other.Services.GetRequiredService<IUsageStore>().ReadAsync(
            today.AddDays(-1), today, tenant.Tenant, CancellationToken.None);

        Assert.Equal(1, Assert.Single(rows).Count.Requests);
    }

    [Theory]
    [InlineData("from=yesterday", "from")]
    [InlineData("to=2026-13-01", "to")]
    [InlineData("to=2026-1-1", "to")]
    [InlineData("from=2026-02-02&to=2026-02-01", "from")]
    [InlineData("from=2024-01-01&to=2026-01-01", "from")]
    [InlineData("from=0001-01-01", "from", "of the years 1000 to 7999")]
    [InlineData("to=9999-12-31", "to", "of the years 1000 to 7999")]
    [InlineData("from=2026-01-01&from=2026-01-02", "from")]
    public async Task Usage_BadDates_Are400(string query, string param, string words = "")
    {
        await using var sut = await GatewayHost.StartAsync(_redis);

        using var response = await sut.Client.GetAsync($"/v1/usage?{query}", TestContext.Current.CancellationToken);
        var problem = await response.Content.ReadFromJsonAsync<JsonElement>(TestContext.Current.CancellationToken);

        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        Assert.Equal(param, problem.GetProperty("param").GetString());
        Assert.Contains(words, problem.GetProperty("detail").GetString(), StringComparison.Ordinal);
    }

    private static async Task ChatAsync(
        ProviderGateway sut, TestKey key, string model, string more = "", (string Name, string Value)[]? headers = null,
        CancellationToken cancellationToken = default)
    {
        using var request = ProviderGateway.ChatRequest(more, model, headers ?? []);
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", key.Value);
        using var response = await sut.Gateway.Client.SendAsync(request, cancellationToken);
        await response.Content.ReadAsStringAsync(cancellationToken);
    }

    private static async Task LeaveStreamAsync(ProviderGateway sut, TestKey key, string model, string until)
    {
        // HttpClient would go on reading for a while.
        using var client = new TcpClient { LingerState = new LingerOption(true, 0) };
        await client.ConnectAsync(sut.Gateway.Address.Host, sut.Gateway.Address.Port, TestContext.Current.CancellationToken);
        var body = $$"""{"model":"{{model}}","messages":[{"role":"user","content":"hi"}],"stream":true}""";
        await client.GetStream().WriteAsync(
            Encoding.UTF8.GetBytes(
                $"POST /v1/chat/completions HTTP/1.1\r\nHost: {sut.Gateway.Address.Authority}\r\nAuthorization: Bearer {key.Value}\r\n"
                + $"Content-Type: application/json\r\nContent-Length: {body.Length}\r\n\r\n{body}"),
            TestContext.Current.CancellationToken);
        using var reader = new StreamReader(client.GetStream());
        while (await reader.ReadLineAsync(TestContext.Current.CancellationToken) is { } line
            && !line.Contains(until, StringComparison.Ordinal))
        {
            { }
        }
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
            row.GetProperty("failed").GetInt64(), row.GetProperty("input_tokens").GetInt64(), row.GetProperty("output_tokens").GetInt64(),
            row.GetProperty("estimated_tokens").GetInt64()))];
    }

    private sealed record Row(
        string Tenant, string Model, long Requests, long Failed, long InputTokens, long OutputTokens, long EstimatedTokens);
}
