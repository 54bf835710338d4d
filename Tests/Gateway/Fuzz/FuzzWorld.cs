using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using AiPlatform.Jobs;
using AiPlatform.Tests.Fixtures;
using AiPlatform.Tests.Gateway.Fixtures;
using Microsoft.AspNetCore.Http;

namespace AiPlatform.Tests.Gateway.Fuzz;

/// <summary>
/// A Gateway with workers that answer, fail, or do not exist, and providers that answer, refuse, fail and hang. The bytes of a request
/// decide their behavior, so a repeated request gets the same result.
/// </summary>
internal sealed class FuzzWorld : IAsyncDisposable
{
    /// <summary>A worker serves it. Its name shows how names are escaped.</summary>
    public const string Served = "fuzz/text";

    /// <summary>A worker serves it, and fails now and then.</summary>
    public const string Failing = "failing";

    /// <summary>It is known, and nobody runs its jobs.</summary>
    public const string Idle = "idle";

    /// <summary>A worker classifies with it.</summary>
    public const string Labels = "labels";

    /// <summary>A worker generates text with it.</summary>
    public const string Generator = "generator";

    private static readonly InferenceErrorKind[] Failures =
        [InferenceErrorKind.ModelFailed, InferenceErrorKind.LeaseLost, InferenceErrorKind.Internal];

    private static readonly Func<HttpContext, Task>[] Troubles =
    [
        FakeProvider.Fails(400, "invalid_request_error"), FakeProvider.Fails(422), FakeProvider.Fails(418), FakeProvider.Fails(401),
        FakeProvider.Fails(404), FakeProvider.Fails(429, "rate_limit_exceeded", "Slowly.", ("Retry-After", "3")),
        FakeProvider.Fails(429, "insufficient_quota"), FakeProvider.Fails(402), FakeProvider.Fails(500), FakeProvider.Fails(503),
        FakeProvider.Answers(200, "text/html", "<p>"), FakeProvider.Json("{"), FakeProvider.Json("[]"), FakeProvider.TruncatesAsync,
        FakeProvider.ResetsAsync, FakeProvider.HangsAsync, FakeProvider.Fails(413),
        FakeProvider.Streams([FakeProvider.Chunk("a")], done: false),
        FakeProvider.Streams([FakeProvider.Chunk("a"), """{"error":{"message":"It broke."}}"""]),
        FakeProvider.Streams(["{"], done: false), FakeProvider.Streams([FakeProvider.Chunk("a")], done: false, FakeProvider.HangsAsync),
    ];

    private readonly List<IAsyncDisposable> _parts = [];

    private FuzzWorld(GatewayHost gateway, ApiDocument document)
    {
        Gateway = gateway;
        Document = document;
    }

    public GatewayHost Gateway { get; }

    public ApiDocument Document { get; }

    /// <summary>Values that exist in this system.</summary>
    public static IReadOnlyDictionary<string, IReadOnlyList<string>> Known { get; } = new Dictionary<string, IReadOnlyList<string>>
    {
        ["providers"] = ["gpt", "broken", "emb"],
        ["EmbeddingRequest.model"] = [Served, Served, Served, Served, Failing, Idle, "emb", "gpt", "nobody"],
        ["ClassificationRequest.model"] = [Labels, Labels, Labels, Served, "gpt", "nobody"],
        ["CompletionRequest.model"] = [Generator, Generator, Generator, Served, "gpt", "nobody"],
        ["TokenizeRequest.model"] = [Generator, Generator, Generator, Generator, Served, "gpt", "nobody"],
        ["DetokenizeRequest.model"] = [Generator, Generator, Served, "gpt", "nobody"],
        ["ChatRequest.model"] = ["gpt", "gpt", "gpt", "gpt", "broken", Generator, Generator, Served, "nobody"],
        ["JobRequest.body.model"] = ["gpt", "gpt", "gpt", "broken", Served, "nobody"],
        ["retrieveModel.id"] = [Served, "gpt", "nobody", "no body", "ä"],
        ["listJobs.model"] = [Served, Idle, "gpt", "nobody"],
        ["getJob.wait"] = ["0", "0.05", "0.2", "0.0"],
        ["queue"] = [Failing, Idle, "nobody", "fuzz_2fother"],
        ["from"] = ["2026-01-31", "2026-11-01", "1999-12-31"],
        ["to"] = ["2026-01-31", "2026-11-28"],
        ["Last-Event-ID"] = ["0", "1", "2", "3", "9007199254740993"],
        ["Prefer"] = ["respond-async", "respond-async, wait=10", "return=minimal", "respond-async=x", "handling=lenient; q=\"a,b\""],
        ["Idempotency-Key"] = ["k-1", "k-2", "\"k-3\"", "\"k \\\" 4\"", "k-5"],
    };

    /// <summary>Makes a job that can be run again, of the tenant of a key, and returns its id.</summary>
    /// <param name="key">The key; empty for a Gateway without keys.</param>
    public async Task<string> CancelJobAsync(string key)
    {
        using var client = new HttpClient { BaseAddress = Gateway.Address };
        if (key.Length > 0) client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", key);
        using var submitted = await client.PostAsJsonAsync(
            "/v1/jobs", new { endpoint = "/v1/embeddings", body = new { model = Idle, input = "a" } });
        var id = submitted.EnsureSuccessStatusCode().Headers.GetValues("X-Job-Id").Single();
        using var canceled = await client.DeleteAsync(new Uri($"/v1/jobs/{id}", UriKind.Relative));
        canceled.EnsureSuccessStatusCode();
        return id;
    }

    public static async Task<FuzzWorld> StartAsync(RedisServer redis, params string[] settings)
    {
        var provider = await FakeProvider.StartAsync();
        provider.Otherwise = context => AnswerAsync(provider, context);
        string[] models =
        [
            .. provider.Settings(), "Models:emb:Provider=fake", "Models:broken:Provider=broken", "Models:gpt:CacheTtl=00:01:00",
            $"Providers:broken:BaseUrl={provider.Address}", "Providers:broken:BreakerAttempts=2", "Providers:broken:BreakerFailureRatio=0.01",
            "Providers:fake:BreakerAttempts=10000", "Answers:Model=gpt",
            .. new[] { "gpt", "emb", "broken" }.SelectMany(model => (string[])
            [
                $"Models:{model}:MaxRetries=0", $"Models:{model}:MaxCorrections=0", $"Models:{model}:Timeout=00:00:01",
                $"Models:{model}:AttemptTimeout=00:00:00.300", $"Models:{model}:FirstByteTimeout=00:00:00.300", $"Models:{model}:IdleTimeout=00:00:00.300",
            ]),
        ];
        var gateway = await GatewayHost.StartAsync(
            redis,
            [
                .. models, "Gateway:RequestTimeout=00:00:00.200", "Gateway:MaxRequestTimeout=00:00:01", "Jobs:MaxQueueDepth=300",
                "Jobs:MaxFailures=1", "Jobs:RetryDelay=00:00:00", "Jobs:HeartbeatTtl=00:10:00", .. settings,
            ]);
        using var client = new HttpClient { BaseAddress = gateway.Address };
        var world = new FuzzWorld(gateway, await ApiDocument.ReadAsync(client));
        world._parts.AddRange([await FakeWorker.StartAsync(gateway, Served), await FakeWorker.IdleAsync(gateway, Idle)]);
        await gateway.ServeAsync(Labels, dimensions: null, "text-classification");
        world._parts.Add(FakeWorker.Start(gateway, Labels));
        await gateway.ServeAsync(Generator, dimensions: null, "text-generation");
        world._parts.Add(FakeWorker.Start(gateway, Generator));
        await gateway.ServeAsync(Failing);
        world._parts.AddRange([FakeWorker.Start(gateway, Failing, RunBadlyAsync), gateway, provider]);
        return world;
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var part in _parts) await part.DisposeAsync();
    }

    private static async Task RunBadlyAsync(FakeWorker worker, LeasedJob job)
    {
        var choice = HashOf(job.Body.Span);
        await worker.TrySayAsync(job, JobEvent.Progress, """{"unit":"rows","done":1,"total":2}""");
        await worker.TrySayAsync(job, JobEvent.Progress, """{"unit":"tokens","done":7,"total":null}""");
        await worker.TrySayAsync(job, JobEvent.Output, "1", """{"delta":"a"}""");
        if (choice % 4 == 0) await worker.SucceedAsync(job);
        else if (choice % 4 == 1) await worker.DieAsync(job);
        else await worker.FailAsync(job, Failures[(int)(choice / 4 % (uint)Failures.Length)]);
    }

    private static Task AnswerAsync(FakeProvider provider, HttpContext context)
    {
        var call = provider.Received[^1];
        var body = JsonDocument.Parse(call.Body).RootElement;
        var choice = HashOf(Encoding.UTF8.GetBytes(call.Body));
        var isBroken = body.GetProperty("model").GetString() == "broken";
        if (isBroken || choice % 4 == 0) return Troubles[choice / 4 % (uint)Troubles.Length](context);
        if (call.Path.EndsWith("/embeddings", StringComparison.Ordinal)) return FakeProvider.Json(EmbeddingsFor(body))(context);
        if (body.TryGetProperty("stream", out var stream) && stream.ValueKind == JsonValueKind.True)
            return FakeProvider.StreamsWords("Hel", "lo!")(context);
        var hasFormat = body.TryGetProperty("response_format", out var format) && format.ValueKind == JsonValueKind.Object;
        return FakeProvider.Says(hasFormat ? AnswerTo(format) : "Hello!")(context);
    }

    /// <summary>What fits the schemas of the typed routes, and an object for everybody else's.</summary>
    private static string AnswerTo(JsonElement format) => format.ToString() switch
    {
        var text when text.Contains("sentiment", StringComparison.Ordinal) =>
            """{"summary":"A text.","sentiment":"Neutral","tags":["text"]}""",
        var text when text.Contains("ask_answer", StringComparison.Ordinal) => """{"answer":"42"}""",
        _ => "{}",
    };

    private static string EmbeddingsFor(JsonElement body)
    {
        var input = body.GetProperty("input");
        var isList = input.ValueKind == JsonValueKind.Array && input.GetArrayLength() > 0 && input[0].ValueKind != JsonValueKind.Number;
        var rows = isList ? input.GetArrayLength() : 1;
        var isBase64 = body.TryGetProperty("encoding_format", out var format) && format.ToString() == "base64";
        object embedding = isBase64 ? Convert.ToBase64String(new byte[16]) : new[] { 0.5f, -1, 0.25f, 1 };
        return JsonSerializer.Serialize(new
        {
            @object = "list",
            data = Enumerable.Range(0, rows).Select(index => new { @object = "embedding", index, embedding }),
            model = "emb-1",
            usage = new { prompt_tokens = rows, total_tokens = rows },
        });
    }

    private static uint HashOf(ReadOnlySpan<byte> bytes)
    {
        var hash = 2_166_136_261;
        foreach (var one in bytes) hash = unchecked((hash ^ one) * 16_777_619);
        return hash >> 3;
    }
}
