using System.Net;
using System.Text.Json;
using AiPlatform.Tests.Fixtures;
using AiPlatform.Tests.Gateway.Fixtures;
using Xunit;

namespace AiPlatform.Tests.Gateway.Jobs;

/// <summary>Each test is a tenant of its own: a list has all jobs of its caller.</summary>
public sealed class JobListTests(RedisServer redis) : IClassFixture<RedisServer>, IAsyncLifetime
{
    private readonly TestKey _key = new(RedisServer.Unique("lister"));
    private readonly TestKey _otherKey = new(RedisServer.Unique("other"));
    private GatewayHost _gateway = null!;
    private HttpClient _client = null!;

    public async ValueTask InitializeAsync()
    {
        _gateway = await GatewayHost.StartAsync(redis, [.. _key.Settings, .. _otherKey.Settings]);
        _client = _key.ClientOf(_gateway);
    }

    public async ValueTask DisposeAsync()
    {
        _client.Dispose();
        await _gateway.DisposeAsync();
    }

    [Fact]
    public async Task GetJobs_None_IsAnEmptyList()
    {
        var list = await ListAsync("");

        Assert.Equal("""{"object":"list","data":[],"first_id":null,"last_id":null,"has_more":false}""", list.GetRawText());
    }

    /// <summary>
    /// Lengths are counted in characters, of which some take two UTF-16 units; a name of so many units no model can have.
    /// </summary>
    [Fact]
    public async Task GetJobs_ModelOfAsManyCharactersAsMayBe_IsAnEmptyList()
    {
        var name = string.Concat(Enumerable.Repeat("😀", 128));

        var list = await ListAsync($"?model={Uri.EscapeDataString(name)}");

        Assert.Equal(0, list.GetProperty("data").GetArrayLength());
    }

    [Fact]
    public async Task GetJobs_SeveralModels_PagesNewestFirstThroughAll()
    {
        var models = await ServeAsync(3);
        List<string> submitted = [];
        for (var i = 0; i < 7; i++) submitted.Add(await _client.SubmitForIdAsync(models[i % 3]));
        string[] expected = [.. submitted.OrderDescending(StringComparer.Ordinal)];

        List<JsonElement> pages = [await ListAsync("?limit=3")];
        while (pages[^1].GetProperty("has_more").GetBoolean()) pages.Add(await ListAsync($"?limit=3&after={pages[^1].GetProperty("last_id").GetString()}"));

        Assert.Equal([3, 3, 1], pages.Select(page => page.GetProperty("data").GetArrayLength()));
        Assert.Equal(expected, pages.SelectMany(IdsOf));
        Assert.All(pages, page => Assert.Equal(
            (IdsOf(page)[0], IdsOf(page)[^1]), (page.GetProperty("first_id").GetString(), page.GetProperty("last_id").GetString())));
        Assert.Equal(expected, IdsOf(await ListAsync("")));
    }

    /// <summary>
    /// One list is long, and none of its newest jobs fits. An older job that fits in the other list must wait for it, or jobs would be
    /// skipped.
    /// </summary>
    [Fact]
    public async Task GetJobs_FitsAreFarApart_PagesGoOnHonestly()
    {
        var models = await ServeAsync(2);
        var oldest = await _client.SubmitForIdAsync(models[0]);
        var elsewhere = await _client.SubmitForIdAsync(models[1]);
        var queue = AiPlatform.Jobs.QueueName.ForModel(models[0]);
        var now = TimeProvider.System.GetUtcNow();
        for (var i = 0; i < 12; i++)
        {
            await redis.Connection.GetDatabase().SortedSetAddAsync(
                $"ai:{{{queue}}}:jobs:{_key.Tenant}",
                [.. Enumerable.Range(0, 1_000).Select(j => new StackExchange.Redis.SortedSetEntry(
                    AiPlatform.Jobs.JobId.New(queue, now.AddMinutes(1).AddMilliseconds((1_000 * i) + j)).Key, 0))]);
        }

        var page = await ListAsync("?status=queued");
        Assert.Empty(IdsOf(page));
        Assert.True(page.GetProperty("has_more").GetBoolean());
        var next = await ListAsync($"?status=queued&after={page.GetProperty("last_id").GetString()}");

        Assert.Equal([elsewhere, oldest], IdsOf(next).OrderBy(id => id == oldest));
        Assert.False(next.GetProperty("has_more").GetBoolean());
    }

    [Fact]
    public async Task GetJobs_ExactlyOnePage_HasNoMore()
    {
        var models = await ServeAsync(2);
        foreach (var model in models) await _client.SubmitForIdAsync(model);

        Assert.False((await ListAsync("?limit=2")).GetProperty("has_more").GetBoolean());
        Assert.True((await ListAsync("?limit=1")).GetProperty("has_more").GetBoolean());
    }

    [Fact]
    public async Task GetJobs_ByModelAndStatus_ListsOnlyThose()
    {
        var models = await ServeAsync(2);
        await using var worker = await FakeWorker.IdleAsync(_gateway, models[0]);
        var finished = await _client.SubmitForIdAsync(models[0]);
        await worker.SucceedAsync(await worker.LeaseAsync());
        var running = await _client.SubmitForIdAsync(models[0]);
        await worker.LeaseAsync();
        var queued = await _client.SubmitForIdAsync(models[0]);
        var elsewhere = await _client.SubmitForIdAsync(models[1]);

        Assert.Equal([finished], IdsOf(await ListAsync("?status=succeeded")));
        Assert.Equal([running], IdsOf(await ListAsync("?status=running")));
        Assert.Equal([elsewhere, queued], IdsOf(await ListAsync("?status=queued")).OrderBy(id => id == queued));
        Assert.Equal([elsewhere], IdsOf(await ListAsync($"?model={models[1]}")));
        Assert.Equal([queued], IdsOf(await ListAsync($"?model={models[0]}&status=queued")));
        Assert.Empty(IdsOf(await ListAsync("?model=nobody")));
        Assert.Empty(IdsOf(await ListAsync("?status=expired")));
    }

    [Fact]
    public async Task GetJobs_Finished_AreListedWithoutTheirOutput()
    {
        var models = await ServeAsync(1);
        await using var worker = FakeWorker.Start(_gateway, models[0]);
        var id = await _client.SubmitForIdAsync(models[0]);
        var (_, job) = await _client.SendAsync(HttpMethod.Get, $"/v1/jobs/{id}?wait=30");

        var listed = (await ListAsync("")).GetProperty("data")[0];

        Assert.Equal(JsonValueKind.Object, job.GetProperty("output").ValueKind);
        Assert.Equal(JsonValueKind.Null, listed.GetProperty("output").ValueKind);
        foreach (var field in job.EnumerateObject().Where(field => field.Name != "output"))
            Assert.Equal(field.Value.GetRawText(), listed.GetProperty(field.Name).GetRawText());
    }

    [Fact]
    public async Task GetJobs_AnotherTenant_SeesItsOwn()
    {
        var models = await ServeAsync(1);
        using var other = _otherKey.ClientOf(_gateway);
        var mine = await _client.SubmitForIdAsync(models[0]);
        var theirs = await other.SubmitForIdAsync(models[0]);

        Assert.Equal([mine], IdsOf(await ListAsync("")));
        Assert.Equal([theirs], IdsOf((await other.SendAsync(HttpMethod.Get, "/v1/jobs")).Answer));
        // Another tenant's id is as good a place in time as one's own.
        Assert.Equal(
            string.CompareOrdinal(mine, theirs) < 0 ? [mine] : [], IdsOf(await ListAsync($"?after={theirs}")));
    }

    [Theory]
    [InlineData("status=done", "status")]
    [InlineData("limit=101", "limit")]
    [InlineData("after=job_x", "after")]
    [InlineData("model=a&model=b", "model")]
    public async Task GetJobs_BadQuery_Answers400ThatNamesIt(string query, string param)
    {
        var (status, problem) = await _client.SendAsync(HttpMethod.Get, $"/v1/jobs?{query}");

        Assert.Equal((HttpStatusCode.BadRequest, param), (status, problem.GetProperty("param").GetString()));
    }

    private async Task<string[]> ServeAsync(int count)
    {
        string[] models = [.. Enumerable.Range(0, count).Select(i => RedisServer.Unique($"list{i}"))];
        foreach (var model in models) await _gateway.ServeAsync(model);
        // Lists ask the queues of the models that are known.
        await Poll.UntilAsync(
            async () =>
            {
                var known = await _client.GetStringAsync("/v1/models");
                return models.All(model => known.Contains(model, StringComparison.Ordinal));
            },
            "the models are known");
        return models;
    }

    private async Task<JsonElement> ListAsync(string query)
    {
        var (status, list) = await _client.SendAsync(HttpMethod.Get, $"/v1/jobs{query}");
        Assert.Equal(HttpStatusCode.OK, status);
        return list;
    }

    private static string[] IdsOf(JsonElement list) => [.. list.GetProperty("data").EnumerateArray().Select(job => job.GetProperty("id").GetString()!)];
}
