using System.Net;
using System.Net.Http.Json;
using System.Security.Cryptography;
using System.Text;
using AiPlatform.Tests.EndToEnd.Otlp;
using AiPlatform.Tests.Fixtures;
using AiPlatform.Tests.Gateway.Fixtures;
using Xunit;

namespace AiPlatform.Tests.EndToEnd;

/// <summary>Traces, metrics and logs of both processes, as they arrive over the wire.</summary>
public sealed class TelemetryTests
{
    private const string Model = Platform.Model;

    /// <summary>It counts answers that did not fit their schema: none is checked yet.</summary>
    private const string NotReached = "aiplatform.provider.corrections";

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("http/protobuf")]
    [InlineData("grpc")]
    public async Task Export_OneRequest_IsOneTraceOfBothProcesses(string protocol)
    {
        await using var receiver = await OtlpReceiver.StartAsync();
        await using var sut = await Platform.StartAsync(receiver.Settings(protocol));
        var trace = await EmbedAsync(sut.Http);

        await UntilAsync(receiver, trace, $"wait {Model}", $"commit {Model}", "POST /v1/embeddings");
        var batch = await UntilBatchAsync(receiver, trace);

        var http = receiver.Of(trace, "POST /v1/embeddings", "gateway", "00f067aa0ba902b7");
        var submit = receiver.Of(trace, $"submit {Model}", "gateway", http.SpanId);
        var wait = receiver.Of(trace, $"wait {Model}", "gateway", http.SpanId);
        var lease = receiver.Of(trace, $"lease {Model}", "inference-worker", submit.SpanId);
        var process = receiver.Of(trace, $"process {Model}", "inference-worker", lease.SpanId);
        var embeddings = receiver.Of(trace, $"embeddings {Model}", "inference-worker", process.SpanId);
        var commit = receiver.Of(trace, $"commit {Model}", "inference-worker", process.SpanId);
        var run = receiver.Of(batch.TraceId, $"run {Model}", "inference-worker", batch.SpanId);
        Assert.Equal((2, 4, 3, 5, 3), (http.Kind, submit.Kind, lease.Kind, process.Kind, commit.Kind));
        Assert.Equal((embeddings.SpanId, batch.SpanId, ""), (Assert.Single(batch.Links), Assert.Single(embeddings.Links), batch.ParentId));
        ulong[] order = [http.Start, submit.Start, submit.End, process.Start, embeddings.Start, batch.Start, run.Start, run.End, embeddings.End, commit.Start, commit.End, process.End];
        Assert.Equal(order.Order(), order);
        Assert.True(wait.End <= http.End && commit.Start <= wait.End);
        AssertConventions(submit, lease, process, embeddings, commit, batch, run);
    }

    [Fact]
    public async Task Export_RequestsThatShareABatch_AreAllLinkedToIt()
    {
        await using var receiver = await OtlpReceiver.StartAsync();
        await using var sut = await Platform.StartAsync([.. receiver.Settings("grpc"), ("Models__ParallelRuns", "1")]);
        // They are leased together: nothing is leased until all of them wait.
        using var paused = await sut.Http.PostAsync($"/v1/queues/{Model}/pause", null, Ct);
        var answering = Enumerable.Range(0, 24).Select(_ => EmbedAsync(sut.Http)).ToList();
        await Poll.UntilAsync(async () => await DepthAsync(sut) == answering.Count, "all wait");
        using var resumed = await sut.Http.PostAsync($"/v1/queues/{Model}/resume", null, Ct);
        var traces = await Task.WhenAll(answering);

        foreach (var trace in traces) await UntilAsync(receiver, trace, $"process {Model}", $"embeddings {Model}");
        foreach (var trace in traces) await UntilBatchAsync(receiver, trace);

        var requests = receiver.Spans.Where(span => span.Name == $"embeddings {Model}").ToDictionary(span => span.SpanId);
        var batches = receiver.Spans.Where(span => span.Name == $"batch {Model}" && span.Links.Any(requests.ContainsKey)).ToList();
        Assert.Contains(batches, batch => batch.Links.Count > 1);
        Assert.All(batches, batch => Assert.Equal($"{batch.Links.Count}", batch["messaging.batch.message_count"]));
        Assert.All(batches, batch => Assert.All(batch.Links, link => Assert.Contains(batch.SpanId, requests[link].Links)));
        Assert.Equal(requests.Keys.Order(), batches.SelectMany(batch => batch.Links).Order());
        Assert.Contains(receiver.Spans, span => span.Name == $"lease {Model}" && span["messaging.batch.message_count"] != "1");
    }

    [Fact]
    public async Task Export_CallsToProviders_SayWhoAnsweredAndWhyOthersDidNot()
    {
        await using var receiver = await OtlpReceiver.StartAsync();
        await using var provider = await FakeProvider.StartAsync();
        await using var sut = await Platform.StartAsync([.. receiver.Settings("grpc"), .. provider.Environment()]);
        provider.Script(FakeProvider.Fails(404), FakeProvider.Says("whole"), FakeProvider.StreamsWords("streamed"), FakeProvider.Says("as a job"));

        var whole = await ChatAsync(sut.Http, "with-fallback");
        var streamed = await ChatAsync(sut.Http, "gpt", ",\"stream\":true");
        var job = await ChatAsync(sut.Http, "gpt", "", ("Prefer", "respond-async"));

        await UntilAsync(receiver, whole, "chat with-fallback", "POST /v1/chat/completions");
        await UntilAsync(receiver, streamed, "chat gpt");
        await UntilAsync(receiver, job, "chat gpt", "process gpt", "commit gpt");
        var chat = receiver.Spans.Single(span => span.TraceId == whole && span.Name == "chat with-fallback");
        Assert.Equal(
            ("chat", "with-fallback", "fake", "gpt", "gpt-upstream", "2", "with-fallback=status_404", "7", "3", "127.0.0.1", 0),
            (chat["gen_ai.operation.name"], chat["gen_ai.request.model"], chat["gen_ai.provider.name"], chat["aiplatform.provider.model"],
                chat["gen_ai.response.model"], chat["aiplatform.provider.attempts"], chat["aiplatform.provider.attempt_failures"],
                chat["gen_ai.usage.input_tokens"], chat["gen_ai.usage.output_tokens"], chat["server.address"], chat.Status));
        var failed = Assert.Single(chat.Events);
        Assert.Equal(("attempt failed", "fake", "status_404"), (failed.Name, failed.Attributes["gen_ai.provider.name"], failed.Attributes["error.type"]));
        Assert.Equal(2, receiver.Spans.Count(span => span.ParentId == chat.SpanId && span["http.request.method"] == "POST"));
        var stream = receiver.Spans.Single(span => span.TraceId == streamed && span.Name == "chat gpt");
        Assert.Equal(("11", "5"), (stream["gen_ai.usage.input_tokens"], stream["gen_ai.usage.output_tokens"]));
        var process = receiver.Spans.Single(span => span.TraceId == job && span.Name == "process gpt");
        Assert.Equal("gateway", process.Service);
        receiver.Of(job, "chat gpt", "gateway", process.SpanId);
    }

    [Fact]
    public async Task Export_CallThatFails_SaysItsCode()
    {
        await using var receiver = await OtlpReceiver.StartAsync();
        await using var provider = await FakeProvider.StartAsync();
        await using var sut = await Platform.StartAsync([.. receiver.Settings("grpc"), .. provider.Environment()]);
        provider.Otherwise = FakeProvider.Fails(400, "context_length_exceeded", "Too long.");

        var chat = await ChatAsync(sut.Http, "gpt");
        var tooLong = await EmbedAsync(sut.Http, string.Join(' ', Enumerable.Repeat("word", 400)), HttpStatusCode.BadRequest);

        await UntilAsync(receiver, chat, "chat gpt");
        await UntilAsync(receiver, tooLong, $"process {Model}");
        foreach (var (trace, name) in ((string, string)[])[(chat, "chat gpt"), (tooLong, $"process {Model}")])
        {
            var span = receiver.Spans.Single(span => span.TraceId == trace && span.Name == name);
            Assert.Equal((2, "context_length_exceeded"), (span.Status, span["error.type"]));
        }
    }

    [Theory]
    [InlineData("http/protobuf")]
    [InlineData("grpc")]
    public async Task Export_Metrics_AreThoseThatTheDocumentNames(string protocol)
    {
        await using var receiver = await OtlpReceiver.StartAsync();
        await using var provider = await FakeProvider.StartAsync();
        await using var sut = await Platform.StartAsync([.. receiver.Settings(protocol), .. provider.Environment(), ("Models__gpt__CacheTtl", "00:01:00")]);
        var documented = DocumentedMetric.ReadAll();

        await EmbedAsync(sut.Http);
        await ChatAsync(sut.Http, "gpt", ",\"temperature\":0");
        await ChatAsync(sut.Http, "gpt", "", ("Prefer", "respond-async"));
        var needed = documented.Where(metric => metric.Name != NotReached).SelectMany(
            metric => metric.Processes.Select(process => (Process: process.Split(' ')[0], metric.Name, metric.Unit))).ToList();
        await Poll.UntilAsync(
            () => needed.All(metric => receiver.Points.Any(point => point.Service == metric.Process && point.Metric == metric.Name)),
            () => $"exported are: {string.Join(", ", needed.Where(metric => !receiver.Points.Any(point => point.Service == metric.Process && point.Metric == metric.Name)))}");

        var ours = receiver.Points.Where(point => DocumentedMetric.IsOurs(point.Metric)).ToList();
        Assert.All(needed, metric => Assert.Contains(ours, point => point.Metric == metric.Name && DocumentedMetric.UnitOf(point) == metric.Unit));
        Assert.Empty(ours.Select(point => point.Metric).Distinct().Except(documented.Select(metric => metric.Name)));
        Assert.Contains(receiver.Points, point => (point.Service, point.Metric) == ("gateway", "http.server.request.duration"));
        Assert.Contains(receiver.Logs, log => log.Service == "gateway");
        Assert.Contains(receiver.Logs, log => log.Service == "inference-worker");
        await Poll.UntilAsync(() => (TokensOf(receiver, "input"), TokensOf(receiver, "output")) == (14, 6), "the tokens of both chats");
    }

    /// <summary>What a caller makes up is no series of its own, in no metric.</summary>
    [Fact]
    public async Task Export_UnknownModels_MakeNoSeries()
    {
        await using var receiver = await OtlpReceiver.StartAsync();
        await using var provider = await FakeProvider.StartAsync();
        await using var sut = await Platform.StartAsync([.. receiver.Settings("grpc"), .. provider.Environment()]);

        for (var i = 0; i < 20; i++)
        {
            using var embeddings = await sut.Http.PostAsJsonAsync("/v1/embeddings", new { model = $"made-up-{i}", input = "a" }, Ct);
            using var chat = await sut.Http.PostAsJsonAsync("/v1/chat/completions", new { model = $"made-up-{i}", messages = new[] { new { role = "user", content = "a" } } }, Ct);
            using var job = await sut.Http.PostAsJsonAsync("/v1/jobs", new { endpoint = "/v1/embeddings", body = new { model = $"made-up-{i}", input = "a" } }, Ct);
            using var queue = await sut.Http.PostAsync($"/v1/queues/made-up-{i}/pause", null, Ct);
            using var route = await sut.Http.GetAsync($"/made-up-{i}", Ct);
            Assert.All([embeddings, chat, job, queue, route], reply => Assert.Equal(HttpStatusCode.NotFound, reply.StatusCode));
        }

        await Poll.UntilAsync(
            () => receiver.Points.Any(point => point.Metric == "aiplatform.gateway.request_time" && point.Attributes["outcome"] == "model_not_found" && point.Count >= 20),
            "the calls are counted");
        Assert.DoesNotContain(receiver.Points, point => point.Attributes.Values.Any(value => value.Contains("made-up", StringComparison.Ordinal)));
    }

    private static void AssertConventions(OtlpSpan submit, OtlpSpan lease, OtlpSpan process, OtlpSpan embeddings, OtlpSpan commit, OtlpSpan batch, OtlpSpan run)
    {
        (OtlpSpan Span, string Name, string Type)[] messaging = [(submit, "submit", "send"), (lease, "lease", "receive"), (process, "process", "process"), (commit, "commit", "settle")];
        Assert.All(messaging, one => Assert.Equal(
            ("redis", one.Name, one.Type, Model), (one.Span["messaging.system"], one.Span["messaging.operation.name"], one.Span["messaging.operation.type"], one.Span["messaging.destination.name"])));
        Assert.Single(messaging.Select(one => one.Span["messaging.message.id"]).Distinct(), id => id.StartsWith("job_", StringComparison.Ordinal));
        Assert.Equal(("1", "1", "1"), (lease["messaging.batch.message_count"], batch["messaging.batch.message_count"], batch["aiplatform.batch.rows"]));
        Assert.All([submit, process, embeddings], span => Assert.Equal(("embeddings", Model), (span["gen_ai.operation.name"], span["gen_ai.request.model"])));
        Assert.Equal(
            ("aiplatform", Model, "4", "384"),
            (embeddings["gen_ai.provider.name"], embeddings["gen_ai.response.model"], embeddings["gen_ai.usage.input_tokens"], embeddings["gen_ai.embeddings.dimension.count"]));
        Assert.Equal(("1", "4", "0"), (process["aiplatform.job.attempt"], run["gen_ai.usage.input_tokens"], run["aiplatform.batch.padding_ratio"]));
    }

    /// <summary>Embeds a text as part of a trace of its own, and returns the trace's id.</summary>
    private static async Task<string> EmbedAsync(HttpClient http, string text = "hello there", HttpStatusCode status = HttpStatusCode.OK)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/embeddings") { Content = JsonContent.Create(new { model = Model, input = text }) };
        var trace = Traced(request);
        using var reply = await http.SendAsync(request, Ct);
        Assert.Equal(status, reply.StatusCode);
        return trace;
    }

    private static async Task<string> ChatAsync(HttpClient http, string model, string more = "", params (string Name, string Value)[] headers)
    {
        var body = $$"""{"model":"{{model}}","messages":[{"role":"user","content":"hi"}]{{more}}}""";
        using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/chat/completions") { Content = new StringContent(body, Encoding.UTF8, "application/json") };
        foreach (var (name, value) in headers) request.Headers.Add(name, value);
        var trace = Traced(request);
        using var reply = await http.SendAsync(request, Ct);
        await reply.Content.ReadAsStringAsync(Ct);
        return trace;
    }

    private static string Traced(HttpRequestMessage request)
    {
        var trace = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16));
        request.Headers.Add("traceparent", $"00-{trace}-00f067aa0ba902b7-01");
        return trace;
    }

    private static async Task<long> DepthAsync(Platform sut)
    {
        var queues = await sut.Http.GetFromJsonAsync<System.Text.Json.JsonElement>("/v1/queues", Ct);
        return queues.GetProperty("data").EnumerateArray().Single(queue => queue.GetProperty("queue").GetString() == Model).GetProperty("depth").GetInt64();
    }

    private static double TokensOf(OtlpReceiver receiver, string type) => receiver.Points
        .LastOrDefault(point => point.Metric == "gen_ai.client.token.usage" && point.Attributes["gen_ai.token.type"] == type)?.Value ?? 0;

    private static Task UntilAsync(OtlpReceiver receiver, string trace, params string[] names) => Poll.UntilAsync(
        () => names.All(name => receiver.Spans.Any(span => span.TraceId == trace && span.Name == name)),
        () => $"the spans {string.Join(", ", names)}; there are {string.Join(", ", receiver.Spans.Where(span => span.TraceId == trace).Select(span => span.Name))}");

    /// <summary>The batch that a trace's request was in, with its run.</summary>
    private static async Task<OtlpSpan> UntilBatchAsync(OtlpReceiver receiver, string trace)
    {
        OtlpSpan? batch = null;
        await Poll.UntilAsync(
            () =>
            {
                var spans = receiver.Spans;
                var request = spans.FirstOrDefault(span => span.TraceId == trace && span.Name == $"embeddings {Model}");
                batch = spans.FirstOrDefault(span => span.Name == $"batch {Model}" && request?.Links.Contains(span.SpanId) == true);
                return batch is not null;
            },
            () => "the batch of a request");
        return batch!;
    }
}
