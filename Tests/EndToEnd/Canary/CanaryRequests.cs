using System.Net.Http.Headers;
using System.Text;

namespace AiPlatform.Tests.EndToEnd.Canary;

/// <summary>
/// Valid and invalid requests for every route, which have a canary text wherever a caller can write one. A route without an entry here
/// fails the canary test.
/// </summary>
/// <param name="text">The canary.</param>
/// <param name="jobId">A job that has ended.</param>
internal sealed class CanaryRequests(string text, string jobId)
{
    /// <summary>Replies of the provider that carry the text, in the order of the chats that ask for them.</summary>
    public const int ProviderReplies = 9;

    private const string Chat = "/v1/chat/completions";
    private const string Embeddings = "/v1/embeddings";
    private const string Classify = "/v1/classify";
    private const string Completions = "/v1/completions";
    private const string Tokenize = "/v1/tokenize";

    private string Embedding => $$"""{"model":"{{Platform.Model}}","input":["{{text}}"],"user":"{{text}}"}""";

    private string LongText => string.Join(' ', Enumerable.Repeat(text, 300));

    /// <summary>The requests by the route that they are for, as the API's description names it.</summary>
    public IReadOnlyDictionary<string, HttpRequestMessage[]> ByRoute => new Dictionary<string, HttpRequestMessage[]>
    {
        ["POST /v1/embeddings"] =
        [
            Post(Embeddings, Embedding), Post(Embeddings, Embedding, ("Idempotency-Key", text)),
            Post(Embeddings, Embedding, ("Prefer", "respond-async")),
            Post($"{Embeddings}?{text}={text}", Embedding), .. Wrong(Embeddings, Platform.Model, $"\"input\":\"{text}\""),
            Post(Embeddings, $$"""{"model":"{{Platform.Model}}","input":"{{LongText}}"}"""),
            Post(Embeddings, $$"""{"model":"{{Platform.Model}}","input":"a","encoding_format":"{{text}}"}"""),
            Post(Embeddings, $$"""{"model":"{{Platform.Model}}","input":"a","dimensions":"{{text}}"}"""),
            Post(Embeddings, $$$"""{"model":"{{{Platform.Model}}}","input":{"{{{text}}}":"{{{text}}}"}}"""),
        ],
        ["POST /v1/classify"] =
        [
            .. Wrong(Classify, Platform.Model, $"\"input\":[[\"{text}\",\"{text}\"]]"),
            Post(Classify, $$"""{"model":"{{Platform.Model}}","input":[["{{text}}","{{text}}"]],"{{text}}":1}""", ("Idempotency-Key", text)),
            Post(Classify, $$"""{"model":"{{Platform.Model}}","input":[["{{text}}"]]}"""),
            Post(Classify, $$"""{"model":"{{Platform.Model}}","input":"a","top_n":"{{text}}"}"""),
            Post(Classify, $$$"""{"model":"{{{Platform.Model}}}","input":{"{{{text}}}":"{{{text}}}"}}"""),
            Post("/v1/jobs", $$$"""{"endpoint":"/v1/classify","body":{"model":"{{{text}}}","input":"{{{text}}}"}}"""),
        ],
        ["POST /v1/completions"] =
        [
            .. Wrong(Completions, Platform.Model, $"\"prompt\":[\"{text}\",\"{text}\"]"),
            .. Wrong(Completions, "gpt", $"\"prompt\":\"{text}\""),
            Post(Completions, $$"""{"model":"{{Platform.Model}}","prompt":"{{text}}","suffix":"{{text}}"}"""),
            Post(Completions, $$$"""{"model":"{{{Platform.Model}}}","prompt":"{{{text}}}","stop":["{{{text}}}"],"logit_bias":{"{{{text}}}":1}}"""),
            Post(Completions, $$$"""{"model":"{{{Platform.Model}}}","prompt":{"{{{text}}}":"{{{text}}}"}}"""),
            Post("/v1/jobs", $$$"""{"endpoint":"/v1/completions","body":{"model":"{{{text}}}","prompt":"{{{text}}}"}}"""),
        ],
        ["POST /v1/tokenize"] =
        [
            Post(Tokenize, $$"""{"model":"{{Platform.Model}}","prompt":"{{text}}","return_token_strs":true}"""),
            .. Wrong(Tokenize, Platform.Model, $"\"prompt\":\"{text}\""),
            Post(Tokenize, $$"""{"model":"{{Platform.Model}}","prompt":["{{text}}"],"chat_template":"{{text}}"}"""),
            Post(Tokenize, $$$"""{"model":"{{{Platform.Model}}}","messages":[{"role":"{{{text}}}","content":"{{{text}}}"}],"inputs":"{{{text}}}"}"""),
        ],
        ["POST /v1/detokenize"] =
        [
            .. Wrong("/v1/detokenize", Platform.Model, $"\"tokens\":[\"{text}\"]"),
            Post("/v1/detokenize", $$"""{"model":"{{Platform.Model}}","tokens":"{{text}}"}"""),
        ],
        ["POST /v1/chat/completions"] =
        [
            .. Enumerable.Range(0, ProviderReplies).Select(_ => Post(Chat, ChatBody())),
            Post(Chat, ChatBody(",\"stream\":true")), Post(Chat, ChatBody(",\"stream\":true")), Post(Chat, ChatBody(Tools)), Post(Chat, ChatBody($",\"metadata\":{{\"{text}\":\"{text}\"}}")),
            Post(Chat, ChatBody(), ("Prefer", "respond-async")), Post(Chat, ChatBody(), ("Idempotency-Key", text)),
            Post(Chat, ChatBody(Schema("[0-9]"))), Post(Chat, ChatBody(Schema("[0-9]") + ",\"stream\":true,\"include_raw_answer\":true")), Post(Chat, ChatBody(Schema($"({text}"))),
            Post(Chat, ChatBody(",\"temperature\":0")), Post(Chat, ChatBody(model: "tls")),
            Post(Chat, ChatBody($",\"response_format\":{{\"type\":\"{text}\"}}")),
            .. Wrong(Chat, "gpt", $$"""
                "messages":[{"role":"user","content":"{{text}}"}]
                """),
        ],
        ["POST /ask-ai"] = [.. Prompts("/ask-ai")],
        ["POST /generate"] = [.. Prompts("/generate")],
        ["GET /v1/models"] = [Get($"/v1/models?{text}={text}")],
        ["GET /v1/models/{id}"] = [Get($"/v1/models/{text}"), Get($"/v1/models/{text}/{text}?q={text}")],
        ["POST /v1/jobs"] =
        [
            Post("/v1/jobs", JobBody()), Post("/v1/jobs", JobBody($",\"metadata\":{{\"{text}\":\"{text}\"}}"), ("Idempotency-Key", text)),
            Post("/v1/jobs", JobBody($",\"lane\":\"{text}\"")), Post("/v1/jobs", JobBody($",\"{text}\":1")), Post("/v1/jobs", JobBody($",\"webhook\":\"http://{text}/\"")),
            Post("/v1/jobs", JobBody($",\"metadata\":\"{text}\"")), Post("/v1/jobs", $$$"""{"endpoint":"/{{{text}}}","body":{"input":"{{{text}}}"}}"""),
            Post("/v1/jobs", $$$"""{"endpoint":"/v1/embeddings","body":{"model":"{{{text}}}","input":"{{{text}}}"}}"""),
            Post("/v1/jobs", $$$"""{"endpoint":"/v1/embeddings","body":{"model":"{{{Platform.Model}}}","input":"{{{LongText}}}"}}"""),
            Post("/v1/jobs", $$"""{"endpoint":"/v1/chat/completions","body":{{ChatBody()}}}"""), Post("/v1/jobs", $"{{\"{text}"), Post("/v1/jobs", JobBody(), ("Content-Type", "text/plain")),
        ],
        ["GET /v1/jobs"] = [Get($"/v1/jobs?status={text}"), Get($"/v1/jobs?after={text}"), Get($"/v1/jobs?limit={text}"), Get($"/v1/jobs?{text}={text}"), Get("/v1/jobs")],
        ["GET /v1/jobs/{id}"] = [Get($"/v1/jobs/{text}"), Get($"/v1/jobs/job_{text}.{text}"), Get($"/v1/jobs/{jobId}?wait={text}"), Get($"/v1/jobs/{jobId}")],
        ["DELETE /v1/jobs/{id}"] = [Delete($"/v1/jobs/{text}"), Delete($"/v1/jobs/{jobId}?{text}")],
        ["POST /v1/jobs/{id}/retry"] = [Post($"/v1/jobs/{text}/retry", text), Post($"/v1/jobs/{jobId}/retry?{text}", text)],
        ["GET /v1/jobs/{id}/events"] = [Get($"/v1/jobs/{text}/events"), Get($"/v1/jobs/{jobId}/events", ("Last-Event-ID", text)), Get($"/v1/jobs/{jobId}/events?{text}")],
        ["GET /v1/queues"] = [Get($"/v1/queues?{text}={text}")],
        ["POST /v1/queues/{queue}/pause"] = [Post($"/v1/queues/{text}/pause", text)],
        ["POST /v1/queues/{queue}/resume"] = [Post($"/v1/queues/{text}/resume", text)],
        ["POST /v1/queues/{queue}/requeue-dead"] = [Post($"/v1/queues/{text}/requeue-dead", text)],
        ["GET /v1/usage"] = [Get($"/v1/usage?from={text}"), Get($"/v1/usage?{text}={text}")],
        ["GET /v1/workers"] = [Get($"/v1/workers?{text}={text}")],
        ["GET /v1/providers"] = [Get($"/v1/providers?{text}={text}")],
        ["GET /v1/caller"] = [Get($"/v1/caller?{text}={text}")],
        ["GET /v1/limits"] = [Get($"/v1/limits?{text}={text}")],
        ["GET /version"] = [Get($"/version?{text}={text}"), Get("/version", ("User-Agent", text))],
        // Paths that the description does not have.
        ["none"] =
        [
            Get($"/{text}"), Post($"/v1/{text}", text), Delete($"{Embeddings}?{text}"), Get($"/health?{text}"), Get($"/alive?{text}"), Get($"/openapi/v1.json?{text}"),
            Get($"/openapi/{text}.json"), Get("/v1/models", ("User-Agent", text)), Get($"/v1/models/%00{text}"),
        ],
    };

    /// <summary>A schema that names the text everywhere, and asks for something else than the provider says.</summary>
    private string Schema(string pattern) => $$"""
        ,"response_format":{"type":"json_schema","json_schema":{"name":"n","description":"{{text}}","schema":{
        "title":"{{text}}","type":"string","const":"{{text}}","pattern":"{{pattern}}","$defs":{"{{text}}":{"enum":["{{text}}"]} } } } }
        """;

    private IEnumerable<HttpRequestMessage> Prompts(string path) =>
    [
        Post(path, $$"""{"prompt":"{{text}}"}"""), Post($"{path}?{text}", $$"""{"prompt":"{{text}}"}""", ("X-Request-Timeout", text)), Post(path, $$"""{"{{text}}":"{{text}}"}"""),
        Post(path, $"{{\"{text}"), Post(path, text, ("Content-Type", $"text/{text}")), Post(path, $$"""{"prompt":"{{text}}"}""", ("Authorization", $"Bearer {text}")),
    ];

    private string Tools => $$"""
        ,"tools":[{"type":"function","function":{"name":"{{text}}","description":"{{text}}",
        "parameters":{"type":"object","properties":{"{{text}}":{"type":"string"} } } } }]
        """;

    /// <summary>Invalid requests for every route that calls a model.</summary>
    private IEnumerable<HttpRequestMessage> Wrong(string path, string model, string content) =>
    [
        Post(path, $"{{\"model\":\"{model}\",{content}"), Post(path, $"{{\"{text}"), Post(path, text), Post(path, $"{{{content}}}"), Post(path, $$"""{"model":"{{text}}",{{content}}}"""),
        Post(path, $$"""{"model":"{{model}}",{{content}},"{{text}}":"{{text}}","n":"{{text}}","stream":"{{text}}"}"""), Post(path, text, ("Content-Type", "text/plain")),
        Post(path, text, ("Content-Type", $"application/{text}")), Post(path, $$"""{"model":"{{model}}",{{content}}}""", ("X-Request-Timeout", text)),
        Post(path, $$"""{"model":"{{model}}",{{content}}}""", ("Prefer", text)), Post(path, $$"""{"model":"{{model}}",{{content}}}""", ("Idempotency-Key", text + new string('x', 300))),
        Post(path, $$"""{"model":"{{model}}",{{content}},"x":"{{new string('x', 300_000)}}"}"""), Post(path, $$"""{"model":"{{model}}",{{content}}}""", ("Authorization", $"Bearer {text}")),
        Post(path, $$"""{"model":"{{model}}",{{content}}}""", ("Authorization", text)),
    ];

    private string ChatBody(string more = "", string model = "gpt") =>
        $$"""{"model":"{{model}}","user":"{{text}}","messages":[{"role":"system","name":"{{text}}","content":"{{text}}"},{"role":"user","content":"{{text}}"}]{{more}}}""";

    private string JobBody(string more = "") => $$"""{"endpoint":"/v1/embeddings","body":{{Embedding}}{{more}}}""";

    private static HttpRequestMessage Get(string path, params (string Name, string Value)[] headers) => Make(HttpMethod.Get, path, null, headers);

    private static HttpRequestMessage Delete(string path) => Make(HttpMethod.Delete, path, null);

    private static HttpRequestMessage Post(string path, string body, params (string Name, string Value)[] headers) => Make(HttpMethod.Post, path, body, headers);

    private static HttpRequestMessage Make(HttpMethod method, string path, string? body, params (string Name, string Value)[] headers)
    {
        var request = new HttpRequestMessage(method, path);
        if (body is not null) request.Content = new StringContent(body, Encoding.UTF8, new MediaTypeHeaderValue("application/json"));
        foreach (var (name, value) in headers)
        {
            if (name != "Content-Type") request.Headers.TryAddWithoutValidation(name, value);
            else request.Content!.Headers.ContentType = MediaTypeHeaderValue.Parse(value);
        }

        return request;
    }
}
