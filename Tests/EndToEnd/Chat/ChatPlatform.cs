using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using AiPlatform.Tests.Fixtures;
using AiPlatform.Tests.Gateway.Fixtures;
using Xunit;

namespace AiPlatform.Tests.EndToEnd.Chat;

/// <summary>The platform with the shipped language model, for all tests of a class.</summary>
public sealed class ChatPlatform : IAsyncLifetime
{
    public const string Model = "smollm2-135m-instruct";

    /// <summary>A chunk has two.</summary>
    private const int LinesBeforeTheKill = 60;

    private Platform? _platform;

    internal Platform Platform => _platform!;

    internal HttpClient Http => Platform.Http;

    /// <summary>Settings of a platform that serves the model only, where other tests take the processor, too.</summary>
    internal static (string Key, string Value)[] Settings { get; } = [("Models__Load__0", Model), ("Answers__Timeout", "00:01:00")];

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => _platform = await Platform.StartAsync(Settings);

    public ValueTask DisposeAsync() => _platform?.DisposeAsync() ?? default;

    /// <summary>A request that always has the same answer.</summary>
    internal static JsonObject Ask(string text, int tokens = 24) => new()
    {
        ["model"] = Model,
        ["messages"] = new JsonArray(new JsonObject { ["role"] = "user", ["content"] = text }),
        ["temperature"] = 0,
        ["max_tokens"] = tokens,
    };

    internal static Task<HttpResponseMessage> PostAsync(HttpClient http, JsonObject body, params (string Name, string Value)[] headers) =>
        PostAsync(http, "/v1/chat/completions", body, headers);

    internal static async Task<HttpResponseMessage> PostAsync(
        HttpClient http, string route, JsonObject body, params (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, route) { Content = JsonContent.Create(body) };
        foreach (var (name, value) in headers) request.Headers.Add(name, value);
        return await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, Ct);
    }

    /// <summary>The whole answer, whose status must be 200.</summary>
    internal async Task<JsonElement> AnswerAsync(JsonObject body)
    {
        using var reply = await PostAsync(Http, body);
        var text = await reply.Content.ReadAsStringAsync(Ct);
        Assert.True(reply.StatusCode == HttpStatusCode.OK, text);
        return JsonDocument.Parse(text).RootElement;
    }

    /// <summary>The chunks of a stream, which must be complete.</summary>
    internal async Task<List<JsonElement>> StreamAsync(JsonObject body, params (string Name, string Value)[] headers)
    {
        body["stream"] = true;
        using var reply = await PostAsync(Http, body, headers);
        var text = await reply.Content.ReadAsStringAsync(Ct);
        Assert.True(reply.StatusCode == HttpStatusCode.OK, text);
        Assert.Equal("text/event-stream", reply.Content.Headers.ContentType!.MediaType);
        return ChunksOf(text);
    }

    /// <summary>Reads some chunks of a stream, kills the worker that writes it, starts another one, and reads on to the end.</summary>
    internal static async Task<ContinuedStream> KillWorkerInTheMiddleAsync(
        Platform platform, JsonObject body, string route = "/v1/chat/completions")
    {
        body["stream"] = true;
        using var reply = await PostAsync(platform.Http, route, body);
        var id = reply.Headers.GetValues("X-Job-Id").Single();
        var stream = new StringBuilder();
        using var reader = new StreamReader(await reply.Content.ReadAsStreamAsync(Ct));
        for (var i = 0; i < LinesBeforeTheKill; i++) stream.Append(await reader.ReadLineAsync(Ct)).Append('\n');
        await platform.KillAndStartWorkerAsync();
        stream.Append(await reader.ReadToEndAsync(Ct));
        var job = await platform.EndOfAsync(id);
        Assert.Equal(("succeeded", 2), (job.GetProperty("status").GetString(), job.GetProperty("attempts").GetInt32()));
        Assert.False(platform.Worker.HasExited);
        return new ContinuedStream(ChunksOf(stream.ToString()), job);
    }

    internal static List<JsonElement> ChunksOf(string stream)
    {
        var data = SseText.DataOf(stream);
        Assert.Equal("[DONE]", data[^1]);
        return [.. data.SkipLast(1).Select(one => JsonDocument.Parse(one).RootElement)];
    }

    /// <summary>Waits until no job runs, so that the model has no rows.</summary>
    internal static Task UntilNothingRunsAsync(HttpClient http) => Poll.UntilAsync(
        async () =>
        {
            var queues = JsonDocument.Parse(await http.GetStringAsync(new Uri("/v1/queues", UriKind.Relative), Ct)).RootElement;
            return queues.GetProperty("data").EnumerateArray().All(queue => queue.GetProperty("running").GetInt32() == 0);
        },
        "nothing runs");

    internal static string ContentOf(JsonElement answer, int choice = 0) =>
        answer.GetProperty("choices")[choice].GetProperty("message").GetProperty("content").GetString()!;

    internal static string FinishOf(JsonElement answer, int choice = 0) =>
        answer.GetProperty("choices")[choice].GetProperty("finish_reason").GetString()!;

    /// <summary>All of a choice's text in a stream.</summary>
    internal static string ContentOf(IEnumerable<JsonElement> chunks, int index = 0)
    {
        var text = new StringBuilder();
        foreach (var choice in chunks.SelectMany(chunk => chunk.GetProperty("choices").EnumerateArray()))
        {
            if (choice.GetProperty("index").GetInt32() == index && choice.GetProperty("delta").TryGetProperty("content", out var content))
                text.Append(content.GetString());
        }

        return text.ToString();
    }

    /// <summary>
    /// A stream's text up to the first token that is not clearly the likeliest. From there on the text may be another one beside other
    /// rows, because processors round differently in batches of different sizes. The stream has two <c>top_logprobs</c>.
    /// </summary>
    internal static string ClearTextOf(IEnumerable<JsonElement> chunks)
    {
        var tokens = chunks.SelectMany(chunk => chunk.GetProperty("choices").EnumerateArray())
            .Where(choice => choice.GetProperty("logprobs").ValueKind == JsonValueKind.Object)
            .SelectMany(choice => choice.GetProperty("logprobs").GetProperty("content").EnumerateArray());
        return string.Concat(tokens.TakeWhile(IsClear).Select(token => token.GetProperty("token").GetString()));

        static bool IsClear(JsonElement token)
        {
            var likeliest = token.GetProperty("top_logprobs").EnumerateArray().Select(one => one.GetProperty("logprob").GetDouble());
            return likeliest.First() - likeliest.Last() >= 0.5;
        }
    }

    /// <summary>A stream that two workers have written, and its job.</summary>
    internal sealed record ContinuedStream(List<JsonElement> Chunks, JsonElement Job)
    {
        /// <summary>The stored answer.</summary>
        public JsonElement Output => Job.GetProperty("output");

        /// <summary>What the stream says of a choice.</summary>
        public List<JsonElement> Said(int index = 0) =>
            [.. Chunks.SelectMany(chunk => chunk.GetProperty("choices").EnumerateArray())
                .Where(choice => choice.GetProperty("index").GetInt32() == index)];

        /// <summary>The tokens of a choice that the stream names.</summary>
        public int TokensOf(int index = 0) =>
            Said(index).Sum(choice => choice.TryGetProperty("token_ids", out var ids) ? ids.GetArrayLength() : 0);
    }
}
