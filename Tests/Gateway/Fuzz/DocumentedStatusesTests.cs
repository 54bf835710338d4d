using System.Globalization;
using System.Text;
using System.Text.Json;
using AiPlatform.Jobs;
using AiPlatform.Tests.Fixtures;
using AiPlatform.Tests.Gateway.Fixtures;
using Xunit;

namespace AiPlatform.Tests.Gateway.Fuzz;

/// <summary>
/// Every status of every operation in the document really occurs: the tests provoke each one and check the answer against the document.
/// </summary>
public sealed class DocumentedStatusesTests : IAsyncLifetime
{
    private const string Model = "m";
    private const string OtherModel = "other";
    private const string NoJob = "job_00000000000000000000000000.m";
    private const string Embedding = """{"model":"m","input":"a"}""";
    private const string Classification = """{"model":"labels","input":"a"}""";
    private const string Completion = """{"model":"text","prompt":"a"}""";
    private const string Chat = """{"model":"gpt","messages":[{"role":"user","content":"hi"}]}""";
    private const string Prompt = """{"prompt":"hi"}""";
    private const string Job = """{"endpoint":"/v1/embeddings","body":{"model":"m","input":"a"}}""";

    private static readonly (string Operation, string Body)[] ModelCalls =
        [("createChatCompletion", Chat), ("createEmbeddings", """{"model":"emb","input":"a"}"""), ("askAi", Prompt), ("generate", Prompt)];

    /// <summary>Calls that only workers run, besides embeddings.</summary>
    private static readonly (string Operation, string Body)[] WorkerCalls =
    [
        ("classify", Classification), ("createCompletion", Completion), ("tokenize", Completion), ("detokenize", """{"model":"text","tokens":[7]}"""),
    ];

    private readonly RedisServer _redis = new();
    private readonly HashSet<(string Operation, string Status)> _seen = [];
    private FakeProvider _provider = null!;
    private GatewayHost _gateway = null!;
    private ApiClient _client = null!;
    private ApiDocument _document = null!;

    public async ValueTask InitializeAsync()
    {
        await _redis.InitializeAsync();
        _provider = await FakeProvider.StartAsync();
        _gateway = await GatewayHost.StartAsync(_redis, [.. Settings(), "Answers:Model=gpt"]);
        _client = new ApiClient(_gateway.Address);
        _document = await ApiDocument.ReadAsync(_gateway.Client);
    }

    public async ValueTask DisposeAsync()
    {
        _client.Dispose();
        await _gateway.DisposeAsync();
        await _provider.DisposeAsync();
        await _redis.DisposeAsync();
    }

    [Fact]
    public async Task EveryDocumentedStatus_CanBeReached()
    {
        await AnswersAsync();
        await RefusesWhatIsWrongAsync();
        await RefusesWhatIsTooMuchAsync();
        await ModelsFailAsync();
        await ProvidersFailAsync();
        await CallersAreNotLetInAsync();
        await BodiesDoNotComeAsync();
        await NothingServesAsync();

        var missing = _document.Operations.SelectMany(one => one.Answers.Keys.Select(status => (one.Name, status))).Except(_seen);
        Assert.True(!missing.Any(), $"Documented, and not reached: {string.Join(", ", missing)}");
    }

    /// <summary>Successful answers.</summary>
    private async Task AnswersAsync()
    {
        await using var worker = await FakeWorker.StartAsync(_gateway, Model);
        _provider.Script(FakeProvider.Says("Hello!"), FakeProvider.StreamsWords("Hel", "lo!"), FakeProvider.Says("""{"answer":"42"}"""),
            FakeProvider.Says("""{"summary":"A text.","sentiment":"Neutral","tags":["text"]}"""));
        await AnswersAsync("createChatCompletion", 200, Chat);
        await AnswersAsync("createChatCompletion", 200, Chat.Insert(1, "\"stream\":true,"));
        await AnswersAsync("askAi", 200, Prompt);
        await AnswersAsync("generate", 200, Prompt);
        await AnswersAsync("createEmbeddings", 200, Embedding);
        await AnswersAsync("createEmbeddings", 202, Embedding, ("Prefer", "respond-async"));
        await _gateway.ServeAsync("labels", dimensions: null, "text-classification");
        await using var classifier = FakeWorker.Start(_gateway, "labels");
        await _gateway.ServeAsync("text", dimensions: null, "text-generation");
        await using var generator = FakeWorker.Start(_gateway, "text");
        await AnswersAsync("createCompletion", 200, Completion.Insert(1, "\"stream\":true,"));
        foreach (var (operation, body) in WorkerCalls)
        {
            await AnswersAsync(operation, 200, body);
            await AnswersAsync(operation, 202, body, ("Prefer", "respond-async"));
            await AnswersAsync(operation, 200, body, ("Idempotency-Key", $"key-{operation}"));
            await AnswersAsync(operation, 422, body.Insert(1, " "), ("Idempotency-Key", $"key-{operation}"));
        }

        var chat = (await AnswersAsync("createChatCompletion", 202, Chat, ("Prefer", "respond-async"))).Headers["X-Job-Id"];
        var id = (await AnswersAsync("submitJob", 202, Job)).Headers["X-Job-Id"];

        // Later calls of this model find no job that waits before them.
        await AnswersAsync("getJob", 200, chat, query: "?wait=20");
        await AnswersAsync("getJob", 200, id, query: "?wait=20");
        var events = await AnswersAsync("followJob", 200, id);
        var last = events.Text.Split('\n').Last(line => line.StartsWith("id: ", StringComparison.Ordinal))[4..];
        await AnswersAsync("followJob", 204, id, headers: ("Last-Event-ID", last));
        await AnswersAsync("cancelJob", 200, id);
        string[] plain =
            ["listModels", "listJobs", "listQueues", "getUsage", "getLimits", "listWorkers", "listProviders", "getCaller", "getVersion"];
        foreach (var operation in plain) await AnswersAsync(operation, 200, body: null);
        foreach (var operation in (string[])["retrieveModel", "pauseQueue", "resumeQueue", "requeueDeadLetters"]) await AnswersAsync(operation, 200, Model, query: "");
    }

    private async Task RefusesWhatIsWrongAsync()
    {
        foreach (var operation in _document.Operations.Where(one => one.Body is not null))
        {
            await AnswersAsync(operation.Name, 400, "{}");
            await AnswersAsync(operation.Name, 413, $$"""{"prompt":"{{new string('a', 2_000)}}"}""");
            await AnswersAsync(operation.Name, 415, "{}", ("Content-Type", "text/plain"));
        }

        await AnswersAsync("getUsage", 400, "", query: "?from=yesterday");
        await AnswersAsync("listJobs", 400, "", query: "?limit=0");
        await AnswersAsync("getJob", 400, NoJob, query: "?wait=61");
        await AnswersAsync("followJob", 400, NoJob, headers: ("Last-Event-ID", "x"));

        await AnswersAsync("createChatCompletion", 404, Chat.Replace("gpt", "nobody", StringComparison.Ordinal));
        await AnswersAsync("createEmbeddings", 404, Embedding.Replace("\"m\"", "\"nobody\"", StringComparison.Ordinal));
        foreach (var (operation, body) in WorkerCalls) await AnswersAsync(operation, 404, WithModel(body, "nobody"));
        await AnswersAsync("submitJob", 404, Job.Replace("\"m\"", "\"nobody\"", StringComparison.Ordinal));
        foreach (var operation in (string[])["getJob", "cancelJob", "retryJob", "followJob"]) await AnswersAsync(operation, 404, NoJob, query: "");
        foreach (var operation in (string[])["retrieveModel", "pauseQueue", "resumeQueue", "requeueDeadLetters"])
            await AnswersAsync(operation, 404, "nobody", query: "");
        await using var unset = await GatewayHost.StartAsync(_redis, Settings());
        using var client = new ApiClient(unset.Address);
        foreach (var operation in (string[])["askAi", "generate"]) await AnswersAsync(client, operation, 404, Prompt);

        (string Operation, string Body)[] named = [("createChatCompletion", Chat), ("createEmbeddings", Embedding), ("submitJob", Job)];
        await using var worker = FakeWorker.Start(_gateway, Model);
        foreach (var (operation, body) in named)
        {
            await AnswersAsync(operation, operation == "submitJob" ? 202 : 200, body, ("Idempotency-Key", operation));
            await AnswersAsync(operation, 422, body.Insert(1, " "), ("Idempotency-Key", operation));
        }
    }

    /// <summary>Queues have room for one job.</summary>
    private async Task RefusesWhatIsTooMuchAsync()
    {
        await using var small = await GatewayHost.StartAsync(_redis, [.. Settings(), "Jobs:MaxQueueDepth=1"]);
        using var client = new ApiClient(small.Address);
        await small.ServeAsync(OtherModel);
        var (job, embedding) = (ForOther(Job), ForOther(Embedding));
        var first = (await AnswersAsync(client, "submitJob", 202, job)).Headers["X-Job-Id"];
        await AnswersAsync(client, "retryJob", 409, first);
        await AnswersAsync(client, "cancelJob", 200, first);
        await AnswersAsync(client, "retryJob", 200, first);
        await AnswersAsync(client, "submitJob", 429, job);
        await AnswersAsync(client, "createEmbeddings", 429, embedding);
        await small.ServeAsync("labels", dimensions: null, "text-classification");
        await AnswersAsync(client, "submitJob", 202, $$"""{"endpoint":"/v1/classify","body":{{Classification}}}""");
        await small.ServeAsync("text", dimensions: null, "text-generation");
        await AnswersAsync(client, "submitJob", 202, $$"""{"endpoint":"/v1/completions","body":{{Completion}}}""");
        foreach (var (operation, body) in WorkerCalls)
        {
            await AnswersAsync(client, operation, 429, body);
            await AnswersAsync(operation, 504, body, ("X-Request-Timeout", "0.05"));
        }

        await AnswersAsync(client, "cancelJob", 200, first);
        await AnswersAsync(client, "submitJob", 202, job);
        await AnswersAsync(client, "retryJob", 429, first);
        await AnswersAsync("createEmbeddings", 504, embedding, ("X-Request-Timeout", "0.05"));
    }

    private async Task ModelsFailAsync()
    {
        await using var worker = await FakeWorker.IdleAsync(_gateway, Model);
        var embedding = AnswersAsync("createEmbeddings", 500, Embedding, ("X-Request-Timeout", "30"));
        await worker.FailAsync(await worker.LeaseAsync(), InferenceErrorKind.ModelFailed);
        await embedding;
        foreach (var (operation, body) in WorkerCalls)
        {
            await using (FakeWorker.Start(_gateway, ModelOf(body), (one, leased) => one.FailAsync(leased, InferenceErrorKind.ModelFailed)))
                await AnswersAsync(operation, 500, body, ("X-Request-Timeout", "30"));
        }

        // The Gateway runs one job of this model at a time; the next is for whoever comes.
        var calls = _provider.Received.Count;
        _provider.Script(FakeProvider.HangsAsync);
        await AnswersAsync("createChatCompletion", 202, Chat, ("Prefer", "respond-async"));
        await Poll.UntilAsync(() => _provider.Received.Count > calls, "the first job has its provider");
        await using var stranger = FakeWorker.Start(
            _gateway, QueueName.ForProvider("gpt"), (one, leased) => one.FailAsync(leased, InferenceErrorKind.LeaseLost));
        await AnswersAsync("createChatCompletion", 500, Chat, ("Idempotency-Key", "stranger"), ("X-Request-Timeout", "30"));
    }

    private async Task ProvidersFailAsync()
    {
        foreach (var (operation, body) in ModelCalls)
        {
            _provider.Script(FakeProvider.Fails(429), FakeProvider.Fails(500));
            await AnswersAsync(operation, 429, body);
            await AnswersAsync(operation, 502, body);
            // Not in the script: whether a call with so little time gets as far as the provider is open.
            (_provider.Otherwise, var otherwise) = (FakeProvider.HangsAsync, _provider.Otherwise);
            await AnswersAsync(operation, 504, body, ("X-Request-Timeout", "0.2"));
            _provider.Otherwise = otherwise;
            // What is not OpenAI's dialect does not fit the typed routes either.
            _provider.Script(operation is "askAi" or "generate" ? FakeProvider.Says("no JSON") : FakeProvider.Fails(418));
            await AnswersAsync(operation, operation is "askAi" or "generate" ? 422 : 418, body);
        }

        await using var fragile = await GatewayHost.StartAsync(
            _redis, [.. Settings(), "Answers:Model=gpt", "Providers:fake:BreakerAttempts=2", "Providers:fake:BreakerFailureRatio=0.01",
                "Providers:fake:BreakerPause=00:10:00"]);
        using var client = new ApiClient(fragile.Address);
        _provider.Script(FakeProvider.Fails(500), FakeProvider.Fails(500));
        for (var i = 0; i < 2; i++) await AnswersAsync(client, "askAi", 502, Prompt);
        foreach (var (operation, body) in ModelCalls) await AnswersAsync(client, operation, 503, body);
    }

    private async Task CallersAreNotLetInAsync()
    {
        foreach (var operation in _document.Operations)
            await AnswersAsync(operation.Name, 403, operation.Body is null ? "x" : "{}", query: "", headers: ("Origin", "https://other.example"));

        TestKey user = new("user-1");
        await using var keyed = await GatewayHost.StartAsync(_redis, [.. Settings(), .. user.Settings]);
        using var client = new ApiClient(keyed.Address);
        foreach (var operation in _document.Operations.Where(one => one.NeedsKey))
            await AnswersAsync(client, operation.Name, 401, operation.Body is null ? "x" : "{}", query: "");
        foreach (var operation in _document.Operations.Where(one => one.IsForOperators))
            await AnswersAsync(client, operation.Name, 403, "x", query: "", ("Authorization", $"Bearer {user.Value}"));
    }

    /// <summary>The server waits five seconds for a body to begin.</summary>
    private async Task BodiesDoNotComeAsync()
    {
        var operations = _document.Operations.Where(one => one.Body is not null).ToList();
        var answers = await Task.WhenAll(operations.Select(operation => _gateway.SendBytesAsync(Encoding.ASCII.GetBytes(
            $"POST {operation.Path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n"))));

        Assert.All(answers, answer => Assert.Equal(408, answer.Status));
        _seen.UnionWith(operations.Select(operation => (operation.Name, "408")));
    }

    /// <summary>A Gateway that has never reached Redis.</summary>
    private async Task NothingServesAsync()
    {
        await using var away = new RedisServer();
        await using var lost = await GatewayHost.StartAsync(away, [.. Settings(), "Limits:RequestsPerMinute=1000000"]);
        using var client = new ApiClient(lost.Address);
        foreach (var operation in _document.Operations.Where(one => one.Body is null && one.Answers.ContainsKey("503")))
            await AnswersAsync(client, operation.Name, 503, operation.Path.StartsWith("/v1/jobs", StringComparison.Ordinal) ? NoJob : Model, query: "");
        await AnswersAsync(client, "createEmbeddings", 503, Embedding);
        foreach (var (operation, body) in WorkerCalls) await AnswersAsync(client, operation, 503, body);
        await AnswersAsync(client, "submitJob", 503, Job);
        await AnswersAsync(client, "createChatCompletion", 503, Chat.Replace("gpt", "nobody", StringComparison.Ordinal));
    }

    private Task<ApiAnswer> AnswersAsync(string operation, int status, string? body, params (string Name, string Value)[] headers) =>
        AnswersAsync(_client, operation, status, body, query: "", headers);

    private Task<ApiAnswer> AnswersAsync(
        string operation, int status, string? subject, string query, params (string Name, string Value)[] headers) =>
        AnswersAsync(_client, operation, status, subject, query, headers);

    /// <summary>Sends a request, and asserts that its answer is what the document says of this status.</summary>
    /// <param name="client">The Gateway.</param>
    /// <param name="name">The operation.</param>
    /// <param name="status">What it must answer.</param>
    /// <param name="subject">The body of an operation that has one; else what stands in its path.</param>
    /// <param name="query">With its question mark.</param>
    /// <param name="headers">A content type among them takes the place of the usual one.</param>
    private async Task<ApiAnswer> AnswersAsync(
        ApiClient client, string name, int status, string? subject, string query = "", params (string Name, string Value)[] headers)
    {
        var operation = _document.Operation(name);
        var hasBody = operation.Body is not null;
        var path = hasBody ? operation.Path : operation.Path.Replace("{id}", subject, StringComparison.Ordinal).Replace("{queue}", subject, StringComparison.Ordinal);
        if (hasBody && headers.All(one => one.Name != "Content-Type")) headers = [.. headers, ("Content-Type", "application/json")];
        var request = new ApiRequest(
            operation, operation.Method, path + query, headers, hasBody ? Encoding.UTF8.GetBytes(subject!) : null, Verdict.Unsaid);

        var answer = await client.SendAsync(request, TimeSpan.FromSeconds(30));
        List<string> wrong = [.. AnswerCheck.Of(_document, operation, answer)];
        if (answer.Status != status) wrong.Insert(0, $"the status is {answer.Status}, not {status}");
        Assert.True(wrong.Count == 0, $"{name}: {string.Join("\n  ", wrong)}\n  {request.ToCurl(client.Address)}\n  {answer.Text}");
        _seen.Add((name, operation.Answers.ContainsKey($"{status}") ? status.ToString(CultureInfo.InvariantCulture) : $"{status / 100}XX"));
        return answer;
    }

    private static string ModelOf(string body) => JsonDocument.Parse(body).RootElement.GetProperty("model").GetString()!;

    private static string WithModel(string body, string model) =>
        body.Replace($"\"{ModelOf(body)}\"", $"\"{model}\"", StringComparison.Ordinal);

    private static string ForOther(string body) => body.Replace($"\"{Model}\"", $"\"{OtherModel}\"", StringComparison.Ordinal);

    private string[] Settings() =>
    [
        .. _provider.Settings(), "Models:emb:Provider=fake", "Gateway:MaxBodyBytes=1024", "Providers:fake:BreakerAttempts=10000",
        "Jobs:HeartbeatTtl=00:10:00",
        "Models:gpt:ConcurrentJobs=1", "Models:gpt:AttemptTimeout=00:00:05",
        .. new[] { "gpt", "emb" }.SelectMany(model => (string[])[$"Models:{model}:MaxRetries=0", $"Models:{model}:MaxCorrections=0"]),
    ];
}
