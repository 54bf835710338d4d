using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using AiPlatform.Tests.EndToEnd.Chat;
using AiPlatform.Tests.EndToEnd.Otlp;
using AiPlatform.Tests.Fixtures;
using AiPlatform.Tests.Gateway.Fixtures;
using Xunit;

namespace AiPlatform.Tests.EndToEnd;

/// <summary>Metrics of both processes, as they arrive over the wire: those that docs/operations.md names, and no others.</summary>
public sealed class MetricsTests
{
    private const string Schema = """
        ,"response_format":{"type":"json_schema","json_schema":{"name":"n","schema":{"type":"integer"}}}
        """;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("http/protobuf")]
    [InlineData("grpc")]
    public async Task Export_Metrics_AreThoseThatTheDocumentNames(string protocol)
    {
        await using var receiver = await OtlpReceiver.StartAsync();
        await using var provider = await FakeProvider.StartAsync();
        await using var sut = await Platform.StartAsync(
            [
                .. receiver.Settings(protocol), .. provider.Environment(), ("Models__gpt__CacheTtl", "00:01:00"),
                ("Models__Load__1", ChatPlatform.Model), ("Limits__TokensPerMinute", "1000000"),
            ]);
        await sut.Redis.Connection.GetDatabase().ExecuteAsync("CONFIG", "SET", "maxmemory", "1gb");
        var documented = DocumentedMetric.ReadAll();

        provider.Script(FakeProvider.Says("not a number"), FakeProvider.Says("7"));
        await TracedCalls.ChatAsync(sut.Http, "gpt", Schema);
        await TracedCalls.EmbedAsync(sut.Http);
        await TracedCalls.ChatAsync(sut.Http, ChatPlatform.Model, ",\"max_tokens\":3");
        await TracedCalls.ChatAsync(sut.Http, "gpt", ",\"temperature\":0");
        await TracedCalls.ChatAsync(sut.Http, "gpt", "", ("Prefer", "respond-async"));
        using var limited = await sut.Http.PostAsJsonAsync(
            "/v1/chat/completions",
            new { model = "gpt", max_tokens = 2_000_000, messages = new[] { new { role = "user", content = "a" } } }, Ct);
        Assert.Equal(HttpStatusCode.TooManyRequests, limited.StatusCode);
        await BreakJobsAsync(sut);
        var needed = documented.SelectMany(
            metric => metric.Processes.Select(process => (Process: process.Split(' ')[0], metric.Name, metric.Unit))).ToList();
        await Poll.UntilAsync(() => !Missing().Any(), () => $"these are exported: {string.Join(", ", Missing())}");

        var ours = receiver.Points.Where(point => DocumentedMetric.IsOurs(point.Metric)).ToList();
        Assert.All(needed,
            metric => Assert.Contains(ours, point => point.Metric == metric.Name && DocumentedMetric.UnitOf(point) == metric.Unit));
        Assert.Empty(ours.Select(point => point.Metric).Distinct().Except(documented.Select(metric => metric.Name)));
        Assert.Contains(receiver.Points, point => (point.Service, point.Metric) == ("gateway", "http.server.request.duration"));
        Assert.Contains(receiver.Logs, log => log.Service == "gateway");
        Assert.Contains(receiver.Logs, log => log.Service == "inference-worker");
        await Poll.UntilAsync(() => (TokensOf(receiver, "input"), TokensOf(receiver, "output")) == (28, 12), "the tokens of all chats, of the answer that was sent back, too");

        IEnumerable<string> Missing() =>
            needed.Where(metric => !receiver.Points.Any(point => point.Service == metric.Process && point.Metric == metric.Name))
            .Select(metric => $"{metric.Process}: {metric.Name}");
    }

    /// <summary>Names that a caller makes up create no series in any metric.</summary>
    [Fact]
    public async Task Export_UnknownModels_MakeNoSeries()
    {
        await using var receiver = await OtlpReceiver.StartAsync();
        await using var provider = await FakeProvider.StartAsync();
        await using var sut = await Platform.StartAsync([.. receiver.Settings("grpc"), .. provider.Environment()]);

        for (var i = 0; i < 20; i++)
        {
            using var embeddings = await sut.Http.PostAsJsonAsync("/v1/embeddings", new { model = $"made-up-{i}", input = "a" }, Ct);
            using var chat = await sut.Http.PostAsJsonAsync(
                "/v1/chat/completions", new { model = $"made-up-{i}", messages = new[] { new { } } }, Ct);
            using var job = await sut.Http.PostAsJsonAsync(
                "/v1/jobs", new { endpoint = "/v1/embeddings", body = new { model = $"made-up-{i}", input = "a" } }, Ct);
            using var queue = await sut.Http.PostAsync($"/v1/queues/made-up-{i}/pause", null, Ct);
            using var route = await sut.Http.GetAsync($"/made-up-{i}", Ct);
            Assert.All([embeddings, chat, job, queue, route], reply => Assert.Equal(HttpStatusCode.NotFound, reply.StatusCode));
        }

        await Poll.UntilAsync(
            () => receiver.Points.Any(point => point.Metric == "gen_ai.server.request.duration"
                && point.Attributes["outcome"] == "model_not_found" && point.Count >= 20),
            "the calls are counted");
        Assert.DoesNotContain(
            receiver.Points, point => point.Attributes.Values.Any(value => value.Contains("made-up", StringComparison.Ordinal)));
    }

    /// <summary>
    /// Each process finds a job of which Redis has lost the record's middle: the Gateway when it is asked for it, the worker when it
    /// leases.
    /// </summary>
    private static async Task BreakJobsAsync(Platform sut)
    {
        using var paused = await sut.Http.PostAsync($"/v1/queues/{Platform.Model}/pause", null, Ct);
        var ids = new List<string>();
        for (var i = 0; i < 2; i++)
        {
            using var reply = await sut.Http.PostAsJsonAsync(
                "/v1/jobs", new { endpoint = "/v1/embeddings", body = new { model = Platform.Model, input = "a" } }, Ct);
            var id = (await reply.Content.ReadFromJsonAsync<JsonElement>(Ct)).GetProperty("id").GetString()!;
            ids.Add(id);
            var key = id["job_".Length..id.IndexOf('.', StringComparison.Ordinal)];
            await sut.Redis.Connection.GetDatabase().StringSetAsync($"ai:{{{Platform.Model}}}:job:{key}", "1\tx");
        }

        using var read = await sut.Http.GetAsync($"/v1/jobs/{ids[0]}", Ct);
        Assert.Equal(HttpStatusCode.OK, read.StatusCode);
        Assert.Equal("failed", (await read.Content.ReadFromJsonAsync<JsonElement>(Ct)).GetProperty("status").GetString());
        using var resumed = await sut.Http.PostAsync($"/v1/queues/{Platform.Model}/resume", null, Ct);
    }

    private static double TokensOf(OtlpReceiver receiver, string type) => receiver.Points
        .LastOrDefault(point => point.Metric == "gen_ai.client.token.usage" && point.Attributes["gen_ai.token.type"] == type)?.Value ?? 0;
}
