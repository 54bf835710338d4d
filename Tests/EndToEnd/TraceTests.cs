using System.Net;
using System.Net.Http.Json;
using AiPlatform.Tests.EndToEnd.Chat;
using AiPlatform.Tests.EndToEnd.Otlp;
using AiPlatform.Tests.Fixtures;
using AiPlatform.Tests.Gateway.Fixtures;
using Xunit;

namespace AiPlatform.Tests.EndToEnd;

/// <summary>Traces of both processes, as they are exported over the wire.</summary>
public sealed class TraceTests(TracedPlatform shared) : IClassFixture<TracedPlatform>
{
    private const string Model = Platform.Model;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Export_OneRequestOverHttp_IsOneTraceOfBothProcesses()
    {
        await using var receiver = await OtlpReceiver.StartAsync();
        await using var sut = await Platform.StartAsync(receiver.Settings("http/protobuf"));

        await AssertOneTraceAsync(receiver, sut.Http);
    }

    [Fact]
    public Task Export_OneRequestOverGrpc_IsOneTraceOfBothProcesses() => AssertOneTraceAsync(shared.Receiver, shared.Http);

    private static async Task AssertOneTraceAsync(OtlpReceiver receiver, HttpClient http)
    {
        var trace = await TracedCalls.EmbedAsync(http);

        // Each process exports a span when it has ended. The worker's span ends after the commit, which ends the request.
        await UntilAsync(
            receiver, trace, "POST /v1/embeddings", $"submit {Model}", $"wait {Model}", $"lease {Model}", $"process {Model}",
            $"embeddings {Model}", $"commit {Model}");
        var batch = await UntilBatchAsync(receiver, trace);

        var call = receiver.Of(trace, "POST /v1/embeddings", "gateway", TracedCalls.CallersSpan);
        var submit = receiver.Of(trace, $"submit {Model}", "gateway", call.SpanId);
        var wait = receiver.Of(trace, $"wait {Model}", "gateway", call.SpanId);
        var lease = receiver.Of(trace, $"lease {Model}", "inference-worker", submit.SpanId);
        var process = receiver.Of(trace, $"process {Model}", "inference-worker", lease.SpanId);
        var embeddings = receiver.Of(trace, $"embeddings {Model}", "inference-worker", process.SpanId);
        var commit = receiver.Of(trace, $"commit {Model}", "inference-worker", process.SpanId);
        var run = receiver.Of(batch.TraceId, $"run {Model}", "inference-worker", batch.SpanId);
        Assert.Equal((2, 4, 3, 5, 3), (call.Kind, submit.Kind, lease.Kind, process.Kind, commit.Kind));
        Assert.Equal((embeddings.SpanId, batch.SpanId, ""), (Assert.Single(batch.Links), Assert.Single(embeddings.Links), batch.ParentId));
        ulong[] order =
        [
            call.Start, submit.Start, process.Start, embeddings.Start, batch.Start, run.Start, run.End, embeddings.End,
            commit.Start, commit.End, process.End,
        ];
        Assert.Equal(order.Order(), order);
        // A worker that has offered room gets the job before the submit's reply comes.
        Assert.True(submit.Start < submit.End && submit.End <= call.End);
        Assert.True(wait.End <= call.End && commit.Start <= wait.End);
        AssertConventions(submit, lease, process, embeddings, commit, batch, run);
    }

    [Fact]
    public async Task Export_RequestsThatShareABatch_AreAllLinkedToIt()
    {
        var receiver = shared.Receiver;
        // They are leased together, because nothing is leased until all of them wait.
        using var paused = await shared.Http.PostAsync($"/v1/queues/{Model}/pause", null, Ct);
        var answering = Enumerable.Range(0, 24).Select(_ => TracedCalls.EmbedAsync(shared.Http)).ToList();
        await Poll.UntilAsync(async () => await DepthAsync() == answering.Count, "all wait");
        using var resumed = await shared.Http.PostAsync($"/v1/queues/{Model}/resume", null, Ct);
        var traces = await Task.WhenAll(answering);

        foreach (var trace in traces) await UntilAsync(receiver, trace, $"process {Model}", $"embeddings {Model}");
        foreach (var trace in traces) await UntilBatchAsync(receiver, trace);

        var requests = receiver.Spans.Where(span => traces.Contains(span.TraceId) && span.Name == $"embeddings {Model}")
            .ToDictionary(span => span.SpanId);
        var batches = receiver.Spans.Where(span => span.Name == $"batch {Model}" && span.Links.Any(requests.ContainsKey)).ToList();
        Assert.Contains(batches, batch => batch.Links.Count > 1);
        Assert.All(batches, batch => Assert.Equal($"{batch.Links.Count}", batch["messaging.batch.message_count"]));
        Assert.All(batches, batch => Assert.All(batch.Links, link => Assert.Contains(batch.SpanId, requests[link].Links)));
        Assert.Equal(requests.Keys.Order(), batches.SelectMany(batch => batch.Links).Order());
        Assert.Contains(
            receiver.Spans,
            span => traces.Contains(span.TraceId) && span.Name == $"lease {Model}" && span["messaging.batch.message_count"] != "1");
    }

    [Fact]
    public async Task Export_CallsToProviders_SayWhoAnsweredAndWhyOthersDidNot()
    {
        var receiver = shared.Receiver;
        shared.Provider.Script(
            FakeProvider.Fails(404), FakeProvider.Says("whole"), FakeProvider.StreamsWords("streamed"), FakeProvider.Says("as a job"));

        var whole = await TracedCalls.ChatAsync(shared.Http, "with-fallback");
        var streamed = await TracedCalls.ChatAsync(shared.Http, "gpt", ",\"stream\":true");
        var job = await TracedCalls.ChatAsync(shared.Http, "gpt", "", ("Prefer", "respond-async"));

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
        Assert.Equal(("attempt failed", "fake", "status_404"),
            (failed.Name, failed.Attributes["gen_ai.provider.name"], failed.Attributes["error.type"]));
        Assert.Equal(2, receiver.Spans.Count(span => span.ParentId == chat.SpanId && span["http.request.method"] == "POST"));
        var stream = receiver.Spans.Single(span => span.TraceId == streamed && span.Name == "chat gpt");
        Assert.Equal(("11", "5"), (stream["gen_ai.usage.input_tokens"], stream["gen_ai.usage.output_tokens"]));
        var process = receiver.Spans.Single(span => span.TraceId == job && span.Name == "process gpt");
        Assert.Equal("gateway", process.Service);
        receiver.Of(job, "chat gpt", "gateway", process.SpanId);
    }

    /// <summary>The traces have the cost of a worker's chat, and no text of it.</summary>
    [Theory]
    [InlineData("")]
    [InlineData(",\"stream\":true")]
    public async Task Export_ChatOfAWorkersModel_SaysItsTokens(string more)
    {
        var receiver = shared.Receiver;
        var name = $"chat {ChatPlatform.Model}";

        var trace = await TracedCalls.ChatAsync(shared.Http, ChatPlatform.Model, $",\"max_tokens\":6,\"ignore_eos\":true{more}");

        await UntilAsync(
            receiver, trace, "POST /v1/chat/completions", $"submit {ChatPlatform.Model}", name, $"commit {ChatPlatform.Model}",
            $"process {ChatPlatform.Model}");
        var process = receiver.Spans.Single(span => span.TraceId == trace && span.Name == $"process {ChatPlatform.Model}");
        var chat = receiver.Of(trace, name, "inference-worker", process.SpanId);
        Assert.Equal(
            ("chat", "aiplatform", ChatPlatform.Model, ChatPlatform.Model, "31", "6"),
            (chat["gen_ai.operation.name"], chat["gen_ai.provider.name"], chat["gen_ai.request.model"], chat["gen_ai.response.model"],
                chat["gen_ai.usage.input_tokens"], chat["gen_ai.usage.output_tokens"]));
        Assert.Equal("chat", process["gen_ai.operation.name"]);
    }

    /// <summary>The text of prompts and answers is in traces of Development only, and only if that is wanted.</summary>
    [Theory]
    [InlineData("Development", "true", true)]
    [InlineData("Development", "false", false)]
    [InlineData("Production", "true", false)]
    public async Task Export_TextOfChats_IsThereIfWantedInDevelopment(string environment, string wanted, bool isThere)
    {
        await using var receiver = await OtlpReceiver.StartAsync();
        await using var provider = await FakeProvider.StartAsync();
        await using var sut = await Platform.StartAsync(
            [.. receiver.Settings("grpc"), .. provider.Environment(), .. ChatPlatform.Settings, ("ASPNETCORE_ENVIRONMENT", environment),
                ("OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT", wanted)]);
        provider.Script(FakeProvider.Says("whole"));

        var worker = await TracedCalls.ChatAsync(sut.Http, ChatPlatform.Model, ",\"max_tokens\":2,\"stream\":true");
        var direct = await TracedCalls.ChatAsync(sut.Http, "gpt");

        await UntilAsync(receiver, worker, $"chat {ChatPlatform.Model}");
        await UntilAsync(receiver, direct, "chat gpt");
        foreach (var (trace, name, answer) in ((string, string, string)[])
            [(worker, $"chat {ChatPlatform.Model}", ""), (direct, "chat gpt", "whole")])
        {
            var span = receiver.Spans.Single(span => span.TraceId == trace && span.Name == name);
            Assert.Equal(isThere ? """[{"role":"user","parts":[{"type":"text","content":"hi"}]}]""" : "", span["gen_ai.input.messages"]);
            var start = $$"""[{"role":"assistant","parts":[{"type":"text","content":"{{answer}}""";
            if (isThere) Assert.StartsWith(start, span["gen_ai.output.messages"], StringComparison.Ordinal);
            else Assert.Empty(span["gen_ai.output.messages"]);
        }
    }

    [Fact]
    public async Task Export_CallThatFails_SaysItsCode()
    {
        var receiver = shared.Receiver;
        shared.Provider.Script(FakeProvider.Fails(400, "context_length_exceeded", "Too long."));

        var chat = await TracedCalls.ChatAsync(shared.Http, "gpt");
        var words = string.Join(' ', Enumerable.Repeat("word", 400));
        var tooLong = await TracedCalls.EmbedAsync(shared.Http, words, HttpStatusCode.BadRequest);

        await UntilAsync(receiver, chat, "chat gpt");
        await UntilAsync(receiver, tooLong, $"process {Model}");
        foreach (var (trace, name) in ((string, string)[])[(chat, "chat gpt"), (tooLong, $"process {Model}")])
        {
            var span = receiver.Spans.Single(span => span.TraceId == trace && span.Name == name);
            Assert.Equal((2, "context_length_exceeded"), (span.Status, span["error.type"]));
        }
    }

    private static void AssertConventions(
        OtlpSpan submit, OtlpSpan lease, OtlpSpan process, OtlpSpan embeddings, OtlpSpan commit, OtlpSpan batch, OtlpSpan run)
    {
        (OtlpSpan Span, string Name, string Type)[] messaging =
            [(submit, "submit", "send"), (lease, "lease", "receive"), (process, "process", "process"), (commit, "commit", "settle")];
        Assert.All(messaging, one => Assert.Equal(
            ("redis", one.Name, one.Type, Model),
            (one.Span["messaging.system"], one.Span["messaging.operation.name"], one.Span["messaging.operation.type"],
                one.Span["messaging.destination.name"])));
        Assert.All(messaging, one => Assert.Equal(one.Name, one.Span["messaging.operation"]));
        Assert.Single(
            messaging.Select(one => one.Span["messaging.message.id"]).Distinct(), id => id.StartsWith("job_", StringComparison.Ordinal));
        Assert.Equal(
            ("1", "1", "1"),
            (lease["messaging.batch.message_count"], batch["messaging.batch.message_count"], batch["aiplatform.batch.rows"]));
        Assert.All([submit, process, embeddings],
            span => Assert.Equal(("embeddings", Model), (span["gen_ai.operation.name"], span["gen_ai.request.model"])));
        Assert.Equal(
            ("aiplatform", Model, "4", "384"),
            (embeddings["gen_ai.provider.name"], embeddings["gen_ai.response.model"], embeddings["gen_ai.usage.input_tokens"],
                embeddings["gen_ai.embeddings.dimension.count"]));
        Assert.Equal(
            ("1", "4", "0"), (process["aiplatform.job.attempt"], run["gen_ai.usage.input_tokens"], run["aiplatform.batch.padding_ratio"]));
    }

    private async Task<long> DepthAsync()
    {
        var queues = await shared.Http.GetFromJsonAsync<System.Text.Json.JsonElement>("/v1/queues", Ct);
        return queues.GetProperty("data").EnumerateArray().Single(queue => queue.GetProperty("queue").GetString() == Model)
            .GetProperty("depth").GetInt64();
    }

    private static Task UntilAsync(OtlpReceiver receiver, string trace, params string[] names) => Poll.UntilAsync(
        () => names.All(name => receiver.Spans.Any(span => span.TraceId == trace && span.Name == name)),
        () => $"the spans {string.Join(", ", names)}; there are {string.Join(", ", receiver.Spans.Where(span => span.TraceId == trace).Select(span => span.Name))}");

    /// <summary>The batch of a trace's request, with its run.</summary>
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
