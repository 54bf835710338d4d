using System.Globalization;
using AiPlatform.Tests.Fixtures;
using AiPlatform.Tests.Gateway.Fixtures;
using Xunit;

namespace AiPlatform.Tests.Gateway.Fuzz;

/// <summary>
/// Requests that are made from the Gateway's own description, and checks of its answers against it. <c>AI_FUZZ_SEED</c> repeats a run. A
/// failure has a command that sends the same request again.
/// </summary>
public sealed class ApiFuzzTests
{
    private const string SeedVariable = "AI_FUZZ_SEED";
    private const int MostFailures = 10;

    /// <summary>How long a stream of events is read; those of jobs that wait do not end.</summary>
    private static readonly TimeSpan StreamTime = TimeSpan.FromMilliseconds(400);

    /// <summary>
    /// The reasons for which a request that is valid by the document may be refused, because a schema cannot express them.
    /// </summary>
    private static readonly (string Reason, Func<ApiRequest, ApiAnswer, bool> Covers)[] Allowances =
    [
        ("whether a model does what is asked of it", (_, answer) => answer.Param is "model" or "body.model"),
        ("how many labels a model has", (_, answer) => answer.Param is "top_n" or "body.top_n"),
        ("how many dimensions a model has", (_, answer) => answer.Param is "dimensions" or "body.dimensions"),
        ("whether a model has a chat template", (_, answer) => answer.Param is "messages" or "body.messages"),
        ("what a worker's model reads of a chat, and a provider's model otherwise", (request, answer) =>
            IsOfChat(request) && answer.Status == 400 && request.Body.AsSpan().IndexOf("\"generator\""u8) >= 0),
        ("that a number is just not an integer, which the validator of the tests does not see", (request, _) =>
            request.Body.AsSpan().IndexOf("3.0000000000000000001"u8) >= 0),
        ("how many tokens a model has room for", (_, answer) => answer is { Code: "context_length_exceeded" }),
        ("how many texts all prompts have together", (_, answer) => answer.Param is "n" or "body.n"),
        ("how many texts are asked for", (_, answer) => answer.Param is "best_of" or "body.best_of"),
        ("whether a schema compiles", (_, answer) => answer.Param?.Contains("response_format", StringComparison.Ordinal) == true),
        ("a stream beside a header that asks for a job", (request, answer) =>
            answer.Param == "stream" && (request.Header("Prefer") ?? request.Header("Idempotency-Key")) is not null),
        ("a stream of a provider's in a job", (_, answer) => answer.Param == "body.stream"),
        ("whether the key was used before", (request, answer) =>
            answer.Code == "idempotency_conflict" && request.Header("Idempotency-Key") is not null),
        ("what the model says", (_, answer) => answer is { Status: 422, Code: "answer_invalid" }),
        ("which events a job has had", (request, answer) => answer.Param == "Last-Event-ID" && request.Header("Last-Event-ID") is not "0"),
        ("that from is before to", (_, answer) => answer.Param == "from"),
        ("what a provider refuses", (_, answer) => answer.Headers.ContainsKey("X-Provider")),
        ("what a provider refused in a job", (request, answer) =>
            answer.Headers.ContainsKey("X-Job-Id") && request.Header("Idempotency-Key") is not null),
        ("that somebody cancels the job meanwhile", (_, answer) => answer.Code == "canceled"),
    ];

    /// <summary>Codes of 5xx errors that are not the Gateway's fault.</summary>
    private static readonly string[] Causes =
    [
        "provider_failed", "provider_timeout", "provider_unavailable", "model_unavailable", "deadline_exceeded", "model_failed",
        "lease_lost",
        "internal_error",
    ];

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public Task EveryRequest_IsAnsweredAsTheDocumentSays(bool hasKeys) => RunAsync(hasKeys, requests: 1_000, seed: 20_261_128);

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    [Trait("Category", "Long")]
    public Task ManyRequests_AreAnsweredAsTheDocumentSays(bool hasKeys) => RunAsync(hasKeys, requests: 10_000, Environment.TickCount);

    private static async Task RunAsync(bool hasKeys, int requests, int seed)
    {
        if (int.TryParse(Environment.GetEnvironmentVariable(SeedVariable), CultureInfo.InvariantCulture, out var given)) seed = given;
        TestKey user = new("user-1"), other = new("user-2"), operators = new("ops", "operator");
        await using var redis = new RedisServer();
        await redis.InitializeAsync();
        string[] settings = [.. user.Settings, .. other.Settings, .. operators.Settings];
        await using var world = await FuzzWorld.StartAsync(redis, hasKeys ? settings : []);
        using var client = new ApiClient(world.Gateway.Address);

        var random = new SeededNumbers(seed);
        string[] keys = [user.Value, user.Value, other.Value, operators.Value, operators.Value, operators.Value, "nobody", ""];
        List<string> ids = [];
        foreach (var tenant in hasKeys ? (string[])[user.Value, other.Value, operators.Value] : [""])
            for (var i = 0; i < 2; i++) ids.Add(await world.CancelJobAsync(tenant));
        var maker = new RequestMaker(world.Document, random, FuzzWorld.Known, ids);
        List<string> failures = [];
        HashSet<string> succeeded = [];
        // Some successes need luck, such as a job that may be retried. So requests continue until each operation has had a success.
        bool IsEnough(int made) => made >= requests && (succeeded.Count == world.Document.Operations.Count || made >= 12 * requests);
        for (var i = 0; !IsEnough(i) && failures.Count < MostFailures; i++)
        {
            var request = maker.Next();
            var key = hasKeys ? random.OneOf(keys) : "";
            if (key.Length > 0) request = request with { Headers = [.. request.Headers, ("Authorization", $"Bearer {key}")] };
            var isKnown = !hasKeys || key is not ("nobody" or "");

            var answer = await client.SendAsync(request, StreamTime);
            var isForOperators = request.Operation?.IsForOperators == true;
            var isRefused = hasKeys && request.Operation?.NeedsKey != false && (!isKnown || (key != operators.Value && isForOperators));
            List<string> wrong = [.. Misfits(world.Document, request, answer)];
            if (isKnown && !isRefused) wrong.AddRange(Surprises(request, answer));
            if (isRefused && request.Operation is not null && answer.Status != (isKnown ? 403 : 401))
                wrong.Add($"the key '{key}' got {answer.Status}");
            if (wrong.Count > 0)
            {
                var subject = $"request {i} ({request.Operation?.Name ?? "no operation"}, {request.Verdict})";
                failures.Add($"""
                    {subject}: {string.Join("\n  ", wrong.Take(6))}
                      {request.ToCurl(world.Gateway.Address)}
                      {answer.Status} {Shortened(answer.Text)}
                    """);
            }

            if (answer.Status < 300 && request.Operation is { } operation) succeeded.Add(operation.Name);
            if (answer.Status is 200 or 202 && answer.Headers.TryGetValue("X-Job-Id", out var id)) Remember(ids, id);
        }

        // Requests that are refused before they are examined would prove little.
        if (failures.Count == 0) Assert.Equal(world.Document.Operations.Select(one => one.Name).Order(), succeeded.Order());
        var run = $"{SeedVariable}={seed}, {(hasKeys ? "with" : "without")} keys";
        Assert.True(failures.Count == 0, $"{run}\n\n{string.Join("\n\n", failures)}");
    }

    private static bool IsOfChat(ApiRequest request) => request.Operation?.Name switch
    {
        "createChatCompletion" => true,
        "submitJob" => request.Body.AsSpan().IndexOf("/v1/chat/completions"u8) >= 0,
        _ => false,
    };

    private static IEnumerable<string> Misfits(ApiDocument document, ApiRequest request, ApiAnswer answer)
    {
        if (request.Operation is { } operation) return AnswerCheck.Of(document, operation, answer);
        // HEAD asks for what GET does, without its body, and OPTIONS for what there is.
        return request.Method is "HEAD" or "OPTIONS" ? [] : AnswerCheck.OfNoOperation(document, request.Target, answer);
    }

    private static IEnumerable<string> Surprises(ApiRequest request, ApiAnswer answer)
    {
        if (answer.Status >= 500 && !Causes.Contains(answer.Code)) yield return $"a {answer.Status} without a cause: {answer.Code}";
        if (answer.Code == "internal_error" && !answer.Text.Contains("The fake worker", StringComparison.Ordinal))
            yield return "nobody foresaw it";
        if (request.Operation is null) yield break;
        if (request.Verdict == Verdict.Wrong && answer.Status < 400) yield return "the document forbids it, and it was not refused";
        var isRefused = answer.Status is 400 or 413 or 415 or 422;
        if (request.Verdict == Verdict.Right && isRefused && !Allowances.Any(one => one.Covers(request, answer)))
            yield return "the document allows it, and it was refused";
    }

    private static void Remember(List<string> ids, string id)
    {
        if (ids.Contains(id)) return;
        ids.Add(id);
        // Old ones stay too, but not all of them.
        if (ids.Count > 60) ids.RemoveAt(7);
    }

    private static string Shortened(string text) => text.Length <= 600 ? text : $"{text[..600]}…";
}
